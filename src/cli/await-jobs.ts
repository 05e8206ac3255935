// Waits for jobs by long polls, over restarts of the daemon: what agents do inside a run, where nobody watches a screen.

import { setTimeout as delay } from 'node:timers/promises';
import { isHomerError } from '../core/errors.ts';
import type { WaitView } from '../operations/waiting.ts';
import type { Client } from './client.ts';
import { span } from './format.ts';
import { isPassing } from './follow.ts';
import type { Say } from './launch.ts';

const longestPollMs = 3_600_000;
/** The daemon answers when the run has its slot again, however long that takes. */
const answerMs = 2_147_483_647;
const retryMs = 500;
/** A restart takes less; whoever is away for longer has been stopped. */
const patienceMs = 120_000;
/** A run that says nothing for long is taken to have stalled. */
const lifeSignMs = 60_000;

/** Does it again while the daemon is restarting; throws what it threw last when the daemon stays away. */
export async function persevere<Value>(ask: () => Promise<Value>): Promise<Value> {
  let awaySince: number | null = null;
  for (;;) {
    const began = performance.now();
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) && !isHomerError(error, 'HOMER_RATE_LIMITED')) throw error;
      // A poll that hung for long was answered by somebody until just now.
      const now = performance.now();
      if (awaySince === null || now - began > patienceMs) awaySince = now;
      if (now - awaySince > patienceMs) throw error;
    }
    await delay(retryMs);
  }
}

/** The job, or all its children, as they are when they have ended, or when `timeoutMs` have passed (null: never). */
export async function awaitJobs(
  client: Client,
  id: string,
  options: { readonly children: boolean; readonly timeoutMs: number | null; readonly say: Say },
): Promise<WaitView> {
  const began = performance.now();
  const lifeSign = setInterval(
    () => options.say(`Still waiting after ${span(performance.now() - began)}.`),
    lifeSignMs,
  );
  try {
    for (;;) {
      const left = (options.timeoutMs ?? Infinity) - (performance.now() - began);
      const timeoutMs = Math.max(0, Math.min(longestPollMs, Math.ceil(left)));
      const query = { timeoutMs, children: String(options.children) };
      const answer = await persevere(() =>
        client.call<WaitView>('jobs.wait', { params: { id }, query, timeoutMs: answerMs }),
      );
      if (answer.ended || left <= longestPollMs) return answer;
    }
  } finally {
    clearInterval(lifeSign);
  }
}
