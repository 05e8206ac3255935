// `homer job ID`: one job on one screen.

import type { JobAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { resolveJobId } from '../job-id.ts';
import { drawJob } from '../job-screen.ts';
import { connectFrom } from '../run-access.ts';

export async function job(context: Context, text: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const answer = await client.call<JobAnswer>('jobs.get', { params: { id } });
  const { palette, columns } = context.terminal;
  report(context, answer, drawJob(answer.job, { palette, columns, now: Date.now() }));
  return 0;
}
