// `homer stop` and `homer restart`.

import { homedir } from 'node:os';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { report, type Context } from '../context.ts';
import { count, span } from '../format.ts';
import type { StopMode } from '../../lifecycle/shutdown.ts';
import { haltDaemon } from '../halt.ts';
import { locateDaemon } from '../locate.ts';
import { start } from './start.ts';

export interface StopOptions {
  readonly now?: boolean;
  readonly kill?: boolean;
}

function modeOf({ now, kill }: StopOptions): StopMode {
  if (now === true && kill === true)
    throw new HomerError('HOMER_USAGE', '--now leaves runs alive and --kill ends them: choose one.');
  return kill === true ? 'kill' : now === true ? 'now' : 'drain';
}

/** Returns when the daemon is gone and the lock free. Throws HOMER_NOT_RUNNING (3) when there is none. */
export async function stop(context: Context, options: StopOptions): Promise<number> {
  const mode = modeOf(options);
  const since = Date.now();
  const { pid, runsLeft } = await haltDaemon(context.home, mode, context.terminal.say);
  const left =
    runsLeft === null
      ? 'It did not say how many runs it left running; the next start adopts them.'
      : runsLeft === 0
        ? 'No run is left.'
        : `${count(runsLeft, 'run')} left running; the next start adopts ${runsLeft === 1 ? 'it' : 'them'}.`;
  const isTakenOver = (await locateDaemon(context.home)).state !== 'stopped';
  report(context, { stopped: true, pid, runsLeft, takenOver: isTakenOver }, [
    `Homer has stopped after ${span(Date.now() - since)}. ${left}`,
    ...(isTakenOver ? ['Another Homer that stood by takes over.'] : []),
  ]);
  return 0;
}

/** Stops the daemon if there is one, then starts it. */
export async function restart(context: Context, options: StopOptions): Promise<number> {
  const mode = modeOf(options);
  // A typo must not turn a daemon that works into one that cannot start.
  const { loadConfig } = await import('../../config/load.ts');
  loadConfig(context.home, { env: process.env, userHome: homedir() });
  try {
    await haltDaemon(context.home, mode, context.terminal.say);
  } catch (error) {
    if (!isHomerError(error, 'HOMER_NOT_RUNNING')) throw error;
  }
  return start(context);
}
