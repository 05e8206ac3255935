// Inside a run: the command line asks the daemon that started the run, with what the run was given. It needs no state
// directory and no token of the owner's for that, and starts no daemon.

import { isJobId, type JobId } from '../core/ids.ts';
import { HomerError } from '../core/errors.ts';
import { connect, createClient, type Client } from './client.ts';
import type { Context } from './context.ts';

export interface RunAccess {
  readonly port: number;
  readonly token: string;
  /** The job of this run. */
  readonly jobId: JobId;
}

/** null: not inside a run that may have subagents. HOMER_USAGE for variables that Homer cannot have set. */
export function readRunAccess(env: Readonly<Record<string, string | undefined>>): RunAccess | null {
  const { HOMER_URL: url, HOMER_TOKEN: token, HOMER_JOB_ID: jobId } = env;
  if (url === undefined && token === undefined && jobId === undefined) return null;
  const port = Number(/^http:\/\/127\.0\.0\.1:(\d{1,5})$/.exec(url ?? '')?.[1] ?? 0);
  if (port > 0 && token !== undefined && jobId !== undefined && isJobId(jobId)) return { port, token, jobId };
  throw new HomerError('HOMER_USAGE', 'HOMER_URL, HOMER_TOKEN and HOMER_JOB_ID are not as Homer sets them.', {
    hint: 'Inside a run leave them as they are; outside of one unset them.',
  });
}

/** A client of the daemon that started this run, else of the one that runs; errors as `connect`. */
export async function connectFrom({ run, home }: Context): Promise<Client> {
  return run === null ? connect(home) : clientOfRun(run);
}

/** For what only the owner may do, and would be done with his token or on his processes: HOMER_SCOPE_MISSING inside a run. */
export function refuseInRun({ run }: Context, what: string): void {
  if (run === null) return;
  throw new HomerError('HOMER_SCOPE_MISSING', `A run may not ${what}.`, {
    hint: 'Leave this to the person whose Homer it is; a run may give, list, await and cancel jobs of its own.',
  });
}

export function clientOfRun({ port, token }: RunAccess): Client {
  const unknown = { pid: 0, startTime: null, bootId: null, instanceId: '', canvasPort: null };
  return createClient({ ...unknown, port, version: '', startedAt: '' }, token);
}
