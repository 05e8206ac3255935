// `homer attach ID`: joins a job where `homer run` would be.

import type { JobAnswer } from '../answers.ts';
import { connectFrom } from '../run-access.ts';
import { createConnection } from '../connection.ts';
import type { Context } from '../context.ts';
import { createDetach } from '../detach.ts';
import { resolveJobId } from '../job-id.ts';
import { watchToEnd } from '../watch.ts';

/** Exit codes as of `homer run`; 3 when the daemon has ended meanwhile. */
export async function attach(context: Context, text: string): Promise<number> {
  const { home, terminal } = context;
  const detach = createDetach();
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const { job } = await client.call<JobAnswer>('jobs.get', { params: { id } });
  terminal.say(`Job ${job.id}: ${job.executor} in lane ${job.lane}`);
  const connection = createConnection(client, { home, say: terminal.say, whenCrashed: 'fail' });
  return watchToEnd(context, connection, job, detach);
}
