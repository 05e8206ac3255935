// Requests to addresses of others: alerts to webhooks and ntfy, and the ping. No redirect is followed, nothing is waited for longer than ten
// seconds, no answer is read, and no address is told: whoever has one can write there.

import type { SendOutcome } from '../core/delivery.ts';
import { percentDecoded } from '../core/percent.ts';

export interface Outgoing {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const patienceMs = 10_000;
/** Nothing was sent yet when the connection failed so. */
const before: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Never rejects. */
export async function sendOut(
  { url, method, headers, body }: Outgoing,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const target = URL.parse(url);
  if (target === null || !/^https?:$/.test(target.protocol))
    return { is: 'permanent', reason: 'Its address is no http or https URL.' };
  // fetch() takes no name and password in an address.
  const { username, password } = target;
  const basic = Buffer.from(`${percentDecoded(username)}:${percentDecoded(password)}`);
  target.username = target.password = '';
  try {
    const answer = await fetch(target, {
      method,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
      headers: {
        'user-agent': 'homer',
        ...(username === '' ? {} : { authorization: `Basic ${basic.toString('base64')}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    await answer.body?.cancel();
    return outcomeOf(answer.status, answer.headers.get('retry-after'), target.host);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = `${target.host} did not answer (${typeof code === 'string' ? code : 'no answer in time'}).`;
    return before.has(code) ? { is: 'temporary', retryAfterMs: 0, reason } : { is: 'unknown', reason };
  }
}

function outcomeOf(status: number, retryAfter: string | null, host: string): SendOutcome {
  if (status >= 200 && status < 300) return { is: 'sent', messageId: String(status) };
  const reason = `${host} answered with ${status}.`;
  if (status === 429 || status >= 500) {
    const seconds = Number(retryAfter ?? 0);
    return {
      is: 'temporary',
      retryAfterMs: Number.isFinite(seconds) ? Math.min(seconds, 600) * 1_000 : 0,
      reason,
    };
  }
  const isRedirect = status >= 300 && status < 400;
  return { is: 'permanent', reason: isRedirect ? `${reason} Redirects are not followed.` : reason };
}
