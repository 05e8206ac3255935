// `homer cancel`, `homer retry`, `homer jobs seen`, `homer resume`: one request, one sentence.

import { isEnded } from '../../core/job.ts';
import type { JobAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { count } from '../format.ts';
import { resolveJobId, shortId } from '../job-id.ts';
import { connectFrom } from '../run-access.ts';

export async function cancel(context: Context, text: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const answer = await client.call<JobAnswer>('jobs.cancel', { params: { id } });
  report(context, answer, [
    isEnded(answer.job.state)
      ? `Job ${id} is ${answer.job.state}.`
      : `Job ${id} is being cancelled; its run is told to end.`,
  ]);
  return 0;
}

export async function retry(context: Context, text: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const answer = await client.call<JobAnswer>('jobs.retry', { params: { id } });
  report(context, answer, [
    `Job ${id} is ${answer.job.state} again. \`homer attach ${shortId(id)}\` shows it.`,
  ]);
  return 0;
}

export async function seen(context: Context, text: string | undefined): Promise<number> {
  const client = await connectFrom(context);
  const body = text === undefined ? {} : { id: await resolveJobId(client, text) };
  const answer = await client.call<{ readonly seen: readonly string[] }>('jobs.seen', { body });
  report(context, answer, [
    answer.seen.length === 0
      ? 'There was no failure to see.'
      : `${count(answer.seen.length, 'failure')} seen; \`homer jobs --state failed\` still lists them.`,
  ]);
  return 0;
}

export async function resume(context: Context): Promise<number> {
  const client = await connectFrom(context);
  const answer = await client.call<{ readonly released: number }>('daemon.release');
  report(context, answer, [`Homer is released; ${count(answer.released, 'held job')} may run again.`]);
  return 0;
}
