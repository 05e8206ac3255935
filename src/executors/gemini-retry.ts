// The failed requests of Gemini CLI, which it tells of on standard error only. By itself it tries ten times, up to four
// minutes a request, and settings.json can make that less for some models only; so Homer ends the turn after the third.

import type { AgentEvent, EndEvent } from '../core/agent.ts';
import { isConnectionText } from './gemini-end.ts';

export interface GeminiRetries {
  /** Takes a line of standard error. Null: it tells of no retry. */
  line(text: string): readonly AgentEvent[] | null;
  /** The end that the retries came to, if they did. */
  readonly end: EndEvent | null;
}

const mostAttempts = 3;
/** A longer wait that the server asks for is the queue's to keep, ms. */
const longestDelayMs = 60_000;

/** `now` in ms since the epoch. */
export function createGeminiRetries(now: () => number): GeminiRetries {
  let attempt = 0;
  let status: number | null = null;
  let said = '';
  let end: EndEvent | null = null;

  const giveUp = (verdict: EndEvent['verdict'], delayMs: number | null): readonly AgentEvent[] => {
    if (end !== null) return [];
    const message = `Gemini CLI tried ${attempt === 1 ? 'once' : `${attempt} times`}: ${said}`;
    end = { type: 'end', verdict, message };
    if (delayMs !== null) end = { ...end, until: now() + delayMs };
    return [end];
  };

  const onFailure = (text: string): readonly AgentEvent[] => {
    const match =
      /^Attempt (\d+) failed(?: with status (\d+))?[.:] ?(?:Retrying with backoff\.\.\.)? ?(.*)$/.exec(text);
    attempt = Number(match?.[1] ?? 0);
    status = match?.[2] === undefined ? null : Number(match[2]);
    said = sayable(match?.[3] ?? '');
    const delayMs = delayIn(text);
    const retry: AgentEvent = { type: 'retry', attempt, delayMs, reason: said };
    if (delayMs !== null) return [retry, ...onDelay(delayMs)];
    // Nothing else can be reached either where the server of the model cannot.
    if (attempt >= mostAttempts && isConnectionText(said)) return [retry, ...giveUp('offline', null)];
    return [retry];
  };

  /** Only a limit that the server put a time to has one. */
  const onDelay = (delayMs: number): readonly AgentEvent[] =>
    attempt >= mostAttempts || delayMs > longestDelayMs ? giveUp('rate_limited', delayMs) : [];

  return {
    line(text) {
      if (/^Attempt \d+ failed/.test(text) && !text.endsWith('Max attempts reached')) return onFailure(text);
      if (attempt === 0) return null;
      const delayMs = delayIn(text);
      if (delayMs !== null) return onDelay(delayMs);
      // The stack says whose request it was: without the small model that picks a model it goes on, without the chat not.
      if (attempt >= mostAttempts && /^\s+at .*\bGeminiChat\./.test(text))
        return giveUp(status === 429 ? 'rate_limited' : 'agent_error', null);
      return null;
    },
    get end() {
      return end;
    },
  };
}

function delayIn(text: string): number | null {
  const digits = /Retrying after (\d+)ms\.\.\.$/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The server's own words out of `_ApiError: {"error":{"code":500,"message":"…"}}`. */
function sayable(text: string): string {
  const plain = text.replace(/ ?Retrying after \d+ms\.\.\.$/, '').replace(/^_?\w*Error: /, '');
  const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(plain)?.[1];
  const code = /"code":(\d+)/.exec(plain)?.[1];
  if (message === undefined) return plain;
  return code === undefined ? message : `${message} (${code})`;
}
