// Errors on their way out: problem details (RFC 9457) with what a client may know, and nothing else.

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { catalogue, HomerError, isHomerError, type ErrorCode } from '../core/errors.ts';

/** Problem details (RFC 9457), and what Homer adds to them. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly hint: string;
  readonly fields?: readonly unknown[];
  readonly choices?: readonly unknown[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly problem: ProblemDetails;
  readonly code: ErrorCode;
  /** Seconds after which it may be tried again; null: not said. */
  readonly retryAfter: number | null;
  /** Set for a fault of ours: the id that stands in the answer and must stand in the log. */
  readonly faultId: string | null;
}

/** On every answer, also of the canvas host: nothing is for caches or guesses at its type, nor for scripts unless it says so. */
export const commonHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
};

/** On every answer of the gateway: nothing of it is for frames or other pages either. */
export const plainHeaders: Readonly<Record<string, string>> = {
  ...commonHeaders,
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const retryAfter: Readonly<Record<string, number>> = {
  HOMER_STARTING: 1,
  HOMER_DRAINING: 5,
  HOMER_TRIAL: 5,
  HOMER_DISK_FULL: 30,
  HOMER_READ_ONLY: 30,
};

/** A HomerError as it is; anything else, or one that has no place in HTTP, as HOMER_INTERNAL under a new id. */
export function answerFor(error: unknown, redact: (text: string) => string = (text) => text): Answer {
  const known = isHomerError(error) && catalogue[error.code].status !== null ? error : null;
  const faultId = known === null || known.code === 'HOMER_INTERNAL' ? randomBytes(6).toString('hex') : null;
  const shown =
    faultId === null && known !== null
      ? known
      : new HomerError('HOMER_INTERNAL', `The failure is in the log under ${faultId}.`);
  const status = catalogue[shown.code].status ?? 500;
  const headers: Record<string, string> = { ...plainHeaders, 'content-type': 'application/problem+json' };
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="homer"';
  const said = shown.details['retryAfter'] ?? retryAfter[shown.code];
  const wait = typeof said === 'number' ? said : null;
  if (wait !== null) headers['retry-after'] = String(wait);
  const { fields, choices } = shown.details;
  const problem: ProblemDetails = {
    type: `urn:homer:error:${shown.code}`,
    title: shown.title,
    status,
    code: shown.code,
    detail: redact(shown.message),
    hint: redact(shown.hint),
    ...(Array.isArray(fields) ? { fields } : {}),
    ...(Array.isArray(choices) ? { choices } : {}),
  };
  const body = redact(JSON.stringify(problem));
  return {
    status,
    headers,
    body,
    problem: JSON.parse(body) as ProblemDetails,
    code: shown.code,
    retryAfter: wait,
    faultId,
  };
}

/** Writes the answer unless one has begun; used where there is no framework yet, or none any more. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-length': String(Buffer.byteLength(answer.body)),
  });
  response.end(answer.body);
}

/** An answer that is no problem, where there is no framework. */
export function sendPlain(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    ...plainHeaders,
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
  });
  response.end(body);
}
