// What a failure of Codex means, read from its words: its stream has no status (measured with 0.169.0).

import type { EndEvent } from '../core/agent.ts';
import { untilInText } from './limit-time.ts';

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
