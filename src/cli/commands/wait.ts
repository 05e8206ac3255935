// `homer wait`: returns when jobs have ended; inside a run without ids, when all children of its job have.

import { HomerError } from '../../core/errors.ts';
import type { WaitView } from '../../operations/waiting.ts';
import { awaitJobs } from '../await-jobs.ts';
import { report, type Context } from '../context.ts';
import { resolveJobId } from '../job-id.ts';
import { connectFrom } from '../run-access.ts';

export interface WaitOptions {
  /** Milliseconds. */
  readonly timeout?: number;
}

/** As many waits as a run may have open; while one is open the run holds no slot, so they are not done one by one. */
const atOnce = 16;

/** 0 when all succeeded, 1 when one did not, or not yet. */
export async function wait(
  context: Context,
  texts: readonly string[],
  options: WaitOptions,
): Promise<number> {
  const { run, terminal } = context;
  if (texts.length === 0 && run === null)
    throw new HomerError('HOMER_USAGE', 'There is no job to wait for.', {
      hint: 'Name one; only inside a run are its own children meant without a name.',
    });
  const client = await connectFrom(context);
  const until = performance.now() + (options.timeout ?? Infinity);
  const waitFor = (id: string, children: boolean): Promise<WaitView> => {
    const left = Math.max(0, until - performance.now());
    return awaitJobs(client, id, {
      children,
      timeoutMs: Number.isFinite(left) ? left : null,
      say: terminal.say,
    });
  };
  const answers: WaitView[] = [];
  if (texts.length === 0 && run !== null) answers.push(await waitFor(run.jobId, true));
  const ids = await Promise.all(texts.map((text) => resolveJobId(client, text)));
  for (let at = 0; at < ids.length; at += atOnce)
    answers.push(...(await Promise.all(ids.slice(at, at + atOnce).map((id) => waitFor(id, false)))));
  const jobs = answers.flatMap((answer) => answer.jobs);
  const answer: WaitView = { ended: answers.every(({ ended }) => ended), jobs };
  report(
    context,
    answer,
    jobs.map(({ id, state }) => `${id} ${state}`),
  );
  return jobs.every(({ state }) => state === 'succeeded') ? 0 : 1;
}
