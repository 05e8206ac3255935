// What an answer of the Bot API, or none, means for what was to be sent. Pure.

import type { SendOutcome } from '../../core/delivery.ts';

/** An answer with `ok: false`, or what went wrong on the way. */
export type ApiFailure =
  | {
      readonly is: 'refused';
      readonly code: number;
      readonly description: string;
      /** Seconds. */
      readonly retryAfter: number | null;
      readonly migratedTo: number | null;
    }
  /** `sent: false`: the request never went out. */
  | { readonly is: 'cut'; readonly sent: boolean; readonly reason: string };

/** Telegram counts by its own clock. */
const graceMs = 300;
const tokenWaitMs = 60_000;

const goneTexts = /message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i;

export function decideOutcome(failure: ApiFailure, isEdit: boolean): SendOutcome | 'same' {
  if (failure.is === 'cut')
    return failure.sent
      ? { is: 'unknown', reason: failure.reason }
      : { is: 'temporary', retryAfterMs: 0, reason: failure.reason };
  const { code, description, retryAfter, migratedTo } = failure;
  const reason = `Telegram: ${code} ${description}`;
  if (code === 429) return { is: 'temporary', retryAfterMs: (retryAfter ?? 5) * 1_000 + graceMs, reason };
  // Said in Telegram's own words, so it was not done.
  if (code >= 500) return { is: 'temporary', retryAfterMs: 0, reason };
  if (code === 401) return { is: 'temporary', retryAfterMs: tokenWaitMs, reason };
  if (isEdit && /message is not modified/i.test(description)) return 'same';
  if (isEdit && goneTexts.test(description)) return { is: 'permanent', reason, gone: true };
  if (migratedTo !== null)
    return {
      is: 'permanent',
      reason: `${reason}; the group is ${migratedTo} now: put that into telegram.allow`,
    };
  return { is: 'permanent', reason };
}

/** The text does not read as HTML: it is sent as plain text then. */
export function isUnreadableHtml(failure: ApiFailure): boolean {
  return (
    failure.is === 'refused' &&
    failure.code === 400 &&
    /can't parse entities|unsupported start tag/i.test(failure.description)
  );
}

/** No connection was made, so nothing can have arrived (undici and libuv names). */
const neverSent: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EMFILE',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Whether an error of `fetch` says that nothing went out. */
export function isNeverSent(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if ('code' in each && neverSent.has(each.code)) return true;
    if (each instanceof AggregateError && each.errors.length > 0 && each.errors.every(isNeverSent))
      return true;
  }
  return false;
}
