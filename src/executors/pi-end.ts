// What a message of pi's model means for the turn: its answer, or in words why there is none. pi exits with 0 either way.

import type { EndEvent } from '../core/agent.ts';
import { boundedAnswer } from './bounded-text.ts';
import { itemsOf, textOf, type Fields } from './json-fields.ts';
import { untilInText } from './limit-time.ts';

/** Decides the verdict from the last message of the model; `now` in ms since the epoch. */
export function decidePiEnd(message: Fields, hide: (text: string) => string, now: number): EndEvent {
  const text = boundedAnswer(hide(answerOf(message)));
  const reason = textOf(message['stopReason']);
  if (reason === 'stop') return { type: 'end', verdict: 'done', text };
  if (reason === 'length') {
    const why = 'The answer was cut at the most the model may write at once.';
    return { type: 'end', verdict: 'agent_error', text, message: why };
  }
  const why = textOf(message['errorMessage']) ?? '';
  return decidePiFailure(why === '' ? `pi ended its turn with "${reason ?? 'nothing'}".` : hide(why), now);
}

/** Decides the verdict of a turn that failed with these words, which begin with the status when there was one. */
export function decidePiFailure(message: string, now: number): EndEvent {
  const end = (verdict: EndEvent['verdict']): EndEvent => ({ type: 'end', verdict, message });
  const status = Number(/^\D{0,20}(\d{3})\b/.exec(message)?.[1] ?? 0);
  if (status === 401 || status === 403 || signInText.test(message)) return end('auth');
  if (status === 429 || limitText.test(message)) {
    const until = untilInText(message, now);
    return until === null ? end('rate_limited') : { ...end('rate_limited'), until };
  }
  if (status === 0 && connectionText.test(message)) return end('offline');
  return end('agent_error');
}

/** All the text of the message, its blocks on lines of their own. */
function answerOf(message: Fields): string {
  return itemsOf(message['content'])
    .filter((block) => block['type'] === 'text')
    .map((block) => textOf(block['text']) ?? '')
    .join('\n');
}

const signInText = /no api key|use \/login|invalid api key|incorrect api key|credit balance is too low/i;
const limitText = /usage limit|rate limit|too many requests/i;
const connectionText =
  /connection (error|refused|reset|timed out)|fetch failed|\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/i;
