// `homer stop` and `homer restart`.

import { homedir } from 'node:os';
import { HomerError, isHomerError } from '../../core/errors.ts';
import { report, type Context } from '../context.ts';
import { count, span } from '../format.ts';
import type { StopMode } from '../../lifecycle/shutdown.ts';
import { createDetach } from '../detach.ts';
import { haltDaemon, type Halt } from '../halt.ts';
import { installedService } from '../installed-service.ts';
import { refuseToDieWithRun } from '../launch.ts';
import { locateDaemon } from '../locate.ts';
import { refuseInRun } from '../run-access.ts';
import { refuseForeignService } from '../start-service.ts';
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

/** Stops the daemon; Ctrl-C leaves, and says what Homer does then. */
async function halt({ home, terminal }: Context, mode: StopMode, more: string): Promise<Halt> {
  const detach = createDetach();
  let isAsked = false;
  const halting = haltDaemon(home, mode, terminal.say, () => (isAsked = true));
  // Whoever left does not wait for how it ends.
  halting.catch(() => undefined);
  return detach.or(halting, () => (isAsked ? `It goes on stopping.${more}` : 'It was not told to stop yet.'));
}

/** Returns when the daemon is gone and the lock free. Throws HOMER_NOT_RUNNING (3) when there is none. */
export async function stop(context: Context, options: StopOptions): Promise<number> {
  const mode = modeOf(options);
  refuseInRun(context, 'stop Homer');
  const since = Date.now();
  const { pid, runsLeft } = await halt(context, mode, '');
  const left =
    runsLeft === null
      ? 'It did not say how many runs it left running; the next start adopts them.'
      : runsLeft === 0
        ? 'No run is left.'
        : `${count(runsLeft, 'run')} left running; the next start adopts ${runsLeft === 1 ? 'it' : 'them'}.`;
  const isTakenOver = (await locateDaemon(context.home)).state !== 'stopped';
  const service = await installedService(context.home);
  report(context, { stopped: true, pid, runsLeft, takenOver: isTakenOver, service: service?.name ?? null }, [
    `Homer has stopped after ${span(Date.now() - since)}. ${left}`,
    ...(isTakenOver ? ['Another Homer that stood by takes over.'] : []),
    ...(service === null
      ? []
      : [
          `It is a service, ${service.name}: \`homer service stop\` also ends one that stands by, \`homer service uninstall\` also its start at the next ${service.scope === 'system' ? 'boot' : 'login'}.`,
        ]),
  ]);
  return 0;
}

/** Stops the daemon if there is one, then starts it. */
export async function restart(context: Context, options: StopOptions): Promise<number> {
  const mode = modeOf(options);
  refuseInRun(context, 'restart Homer');
  refuseToDieWithRun(context.home);
  // Or it would be stopped and could not be started.
  await refuseForeignService(context.home);
  // A typo must not turn a daemon that works into one that cannot start.
  const { loadConfig } = await import('../../config/load.ts');
  loadConfig(context.home, { env: process.env, userHome: homedir() });
  try {
    await halt(context, mode, ' It is not started again: `homer start`.');
  } catch (error) {
    if (!isHomerError(error, 'HOMER_NOT_RUNNING')) throw error;
  }
  return start(context);
}
