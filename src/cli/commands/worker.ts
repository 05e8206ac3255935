// `homer worker`: the worker of this host in the foreground. As for the daemon, the lock is taken before anything else is loaded.

import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { prepareHome } from '../../config/home.ts';
import { HomerError } from '../../core/errors.ts';
import { acquireLock } from '../../lifecycle/lock.ts';
import type { Context } from '../context.ts';
import { refuseInRun } from '../run-access.ts';

export interface WorkerOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly lanes?: readonly string[];
  readonly labels?: readonly string[];
  readonly concurrency?: number;
}

/** Resolves when the worker has stopped, with its exit code. Throws HOMER_LOCK_HELD (75) and what a start throws. */
export async function worker(context: Context, given: WorkerOptions): Promise<number> {
  refuseInRun(context, 'start a worker');
  const { home, version, terminal } = context;
  for (const warning of prepareHome(home).warnings) terminal.say(`homer: ${warning}`);
  const lock = acquireLock(home);
  if (lock === null)
    throw new HomerError('HOMER_LOCK_HELD', `A daemon or another worker holds ${home}.`, {
      hint: 'A worker needs a state directory of its own: homer worker --home ~/.homer-worker',
    });
  const { openHost } = await import('../../host/open.ts');
  const readInput = async (): Promise<string | null> => (process.stdin.isTTY ? null : text(process.stdin));
  return openHost({ lock, home, version, env: process.env, userHome: homedir(), given, readInput });
}
