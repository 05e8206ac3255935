// How a turn of Gemini CLI ended, read from its `result` line; its exit code is the status of the API modulo 256
// (401 → 145), so it only counts where there is no such line (measured with 0.61.0).

import type { EndEvent, Usage } from '../core/agent.ts';
import { boundedAnswer } from './bounded-text.ts';
import { fieldsOf, numberOf, parseFields, textOf, type Fields } from './json-fields.ts';

/** What the turn came to besides its `result` line; `hide` takes secrets out of what is cut. */
export interface GeminiTurn {
  /** The words after the last tool call. */
  readonly answer: string;
  /** Tools that a policy refused. */
  readonly denied: readonly string[];
  /** What the stream told as an error before its end. */
  readonly lastError: string | null;
  readonly hide: (text: string) => string;
}

export function decideGeminiEnd(result: Fields, turn: GeminiTurn): EndEvent {
  if (result['status'] === 'success' && turn.lastError === null) {
    const text = boundedAnswer(turn.hide(turn.answer));
    if (turn.denied.length === 0) return { type: 'end', verdict: 'done', text };
    return { type: 'end', verdict: 'denied', text, message: `Denied: ${turn.denied.join(', ')}.` };
  }
  const error = fieldsOf(result['error']) ?? {};
  const raw = textOf(error['message']) ?? turn.lastError ?? '';
  const { status, message } = apiErrorOf(raw);
  const end = (verdict: EndEvent['verdict']): EndEvent => ({ type: 'end', verdict, message });
  if (error['type'] === 'FatalTurnLimitedError' || turnsText.test(message)) return end('max_turns');
  if (
    status === 401 ||
    status === 403 ||
    error['type'] === 'FatalAuthenticationError' ||
    keyText.test(message)
  )
    return end('auth');
  if (status === 429 || limitText.test(raw)) {
    const until = untilIn(raw, textOf(result['timestamp']));
    return until === null ? end('rate_limited') : { ...end('rate_limited'), until };
  }
  if (status === null && isConnectionText(message)) return end('offline');
  return end('agent_error');
}

/** What the turn used, of all models; Gemini CLI knows no prices. */
export function usageOf(result: Fields): Usage {
  const stats = fieldsOf(result['stats']) ?? {};
  const inputTokens = numberOf(stats['input_tokens']);
  const outputTokens = numberOf(stats['output_tokens']);
  const total = numberOf(stats['total_tokens']);
  // Thoughts are paid for as output, but only the total has them.
  const thoughtful = total !== null && inputTokens !== null ? total - inputTokens : null;
  return {
    inputTokens,
    outputTokens: outputTokens === null ? thoughtful : Math.max(outputTokens, thoughtful ?? 0),
    costUsd: null,
  };
}

/** The text of an error of the network, not of the API. */
export function isConnectionText(text: string): boolean {
  return connectionText.test(text);
}

// Without a status: the key is refused with a 400.
const keyText = /API key not valid|API_KEY_INVALID|API key expired|UNAUTHENTICATED|PERMISSION_DENIED/i;
const limitText =
  /exhausted your (daily quota|capacity)|RESOURCE_EXHAUSTED|quota exceeded|Please wait and try again later\. To increase your limits|Possible quota limitations/i;
const turnsText = /max session turns|maximum session turns exceeded/i;
const connectionText =
  /fetch failed|\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EPIPE)\b/i;

/** `[API Error: {"error":{"code":401,"message":"…"}}]`, or the message alone, which the API has put in JSON once more at times. */
function apiErrorOf(raw: string): { readonly status: number | null; readonly message: string } {
  const inner = /^\[API Error: ([^]*)\]/.exec(raw)?.[1] ?? raw;
  const error = fieldsOf(parseFields(inner)?.['error']);
  const text = textOf(error?.['message']) ?? inner;
  const status = numberOf(error?.['code']);
  const message = text.trim() || 'Gemini CLI gave no reason.';
  return { status, message: status === null ? message : `${message} (${status})` };
}

/** "Suggested retry after 3600s." and "Please retry in 34.07s", counted from when the line was written; ms since the epoch. */
function untilIn(message: string, writtenAt: string | null): number | null {
  const seconds = /(?:retry after|retry in) ([0-9.]+)s\b/i.exec(message)?.[1];
  const at = Date.parse(writtenAt ?? '');
  if (seconds === undefined || Number.isNaN(at) || Number.isNaN(Number(seconds))) return null;
  return at + Math.ceil(Number(seconds) * 1000);
}
