// What a failure of Codex means, read from its words: its stream has no status (measured with 0.169.0).

import type { EndEvent } from '../core/agent.ts';

/** Decides the verdict of a turn that failed with these words; `now` in ms since the epoch, for times told without a date. */
export function decideCodexFailure(message: string, now: number): EndEvent {
  const end = (verdict: EndEvent['verdict']): EndEvent => ({ type: 'end', verdict, message });
  if (signInText.test(message)) return end('auth');
  if (limitText.test(message)) {
    const until = untilInText(message, now);
    return until === null ? end('rate_limited') : { ...end('rate_limited'), until };
  }
  if (connectionText.test(message)) return end('offline');
  return end('agent_error');
}

// A key that is not set, wrong or without credit, a sign-in that is gone, a plan that Codex is not part of: a person has
// to mend each of them.
const signInText =
  /status:? 40[13]\b|Missing environment variable|not (logged|signed) in|codex login|log out and sign in|token (is|was|has been) (expired|revoked|invalidated)|could not be refreshed|invalid api key|incorrect api key|quota exceeded|to use codex with your/i;
const limitText = /status:? 429\b|usage limit|rate limit|too many requests/i;
const connectionText =
  /waiting for network|connection (failed|refused|reset|timed out)|error sending request|failed to lookup address|dns error|network is unreachable/i;

/**
 * "try again at 3:33 AM." (today), "try again at May 18th, 2033 3:33 AM.", both in the local time of the agent, or
 * "try again in 17.2s"; null when there is none of these. A minute is told without its seconds, so its end is taken.
 */
function untilInText(message: string, now: number): number | null {
  const span = /try again in ((?:\d+(?:\.\d+)?\s*[a-z]+[,\s]*)+)/i.exec(message)?.[1];
  if (span !== undefined) {
    const ms = spanMs(span);
    return ms === null ? null : now + ms;
  }
  const at =
    /try again at (?:([A-Z][a-z]{2}) (\d{1,2})(?:st|nd|rd|th), (\d{4}) )?(\d{1,2}):(\d{2}) ([AP])M/.exec(
      message,
    );
  if (at === null) return null;
  const [, month, day, year, hour, minute, half] = at;
  const date = new Date(now);
  if (month !== undefined) date.setFullYear(Number(year), months.indexOf(month), Number(day));
  date.setHours((Number(hour) % 12) + (half === 'P' ? 12 : 0), Number(minute), 0, 0);
  return date.getTime() + 60_000;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "17.2s", "6m0s", "2 days 3 hours" in ms; null for a unit that is none of these. */
function spanMs(span: string): number | null {
  let total = 0;
  for (const [, amount, unit] of span.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const ms = unitMs.find(([pattern]) => pattern.test(unit ?? ''))?.[1];
    if (ms === undefined) return null;
    total += Number(amount) * ms;
  }
  return Math.ceil(total);
}

const unitMs: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hours?)$/i, 3_600_000],
  [/^(d|days?)$/i, 86_400_000],
];
