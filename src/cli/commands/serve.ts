// `homer serve`: the daemon in the foreground. The lock is taken before anything else is loaded, so that a second
// instance is refused within a fraction of a second.

import { homedir } from 'node:os';
import { prepareHome } from '../../config/home.ts';
import { HomerError } from '../../core/errors.ts';
import { acquireLock, waitForLock, type Lock } from '../../lifecycle/lock.ts';
import { undoCutOff } from '../../lifecycle/previous-version.ts';
import { readRecord, type DaemonRecord } from '../../lifecycle/record.ts';
import { openSupervisor, type Supervisor } from '../../lifecycle/supervisor.ts';
import { isUpdateDriven, unfinishedUpdate } from '../../lifecycle/update-record.ts';
import type { Context } from '../context.ts';
import { closeInheritedFiles } from '../inherited-files.ts';
import { span } from '../format.ts';
import { refuseInRun } from '../run-access.ts';

export interface ServeOptions {
  readonly standby?: boolean;
  /** Started by the command line for a person: what the caller left open is closed. */
  readonly background?: boolean;
}

/** Resolves when the daemon has stopped, with its exit code. Throws HOMER_LOCK_HELD (75) and what a start throws. */
export async function serve(context: Context, options: ServeOptions): Promise<number> {
  refuseInRun(context, 'start Homer');
  const { home, version, terminal } = context;
  // Before anything is opened or started.
  if (options.background === true) closeInheritedFiles();
  for (const warning of prepareHome(home).warnings) terminal.say(`homer: ${warning}`);
  const supervisor = openSupervisor(process.env);
  try {
    const lock = await takeLock(context, options.standby === true, supervisor);
    if (lock === null) return 0;
    await heedUpdate(home, lock, terminal.say);
    const { runDaemon } = await import('../../daemon.ts');
    return await runDaemon({
      lock,
      home,
      version,
      env: process.env,
      userHome: homedir(),
      supervisor,
      background: options.background === true,
    });
  } finally {
    await supervisor.close();
  }
}

/** Null when it stood by and was told to stop before it was its turn. */
async function takeLock(context: Context, standsBy: boolean, supervisor: Supervisor): Promise<Lock | null> {
  const { home, terminal } = context;
  const free = acquireLock(home);
  if (free !== null) return free;
  const holder = describeHolder(await readRecord(home));
  if (!standsBy) throw new HomerError('HOMER_LOCK_HELD', `${holder} holds ${home}.`);
  const lock = await standBy(home, () => {
    terminal.say(`homer: ${holder} holds ${home}. Standing by to take over when it ends.`);
    // Ready to wait: a machine must not wait for us while it boots.
    supervisor.ready(`Standing by: ${holder} holds ${home}.`);
  });
  if (lock === null) return null;
  terminal.say('homer: Taking over.');
  supervisor.say('Taking over.');
  return lock;
}

/**
 * While an update is driven, the one start there may be is the trial. One that was cut off is undone, by which the program becomes another
 * one than this: whoever started it starts it again. HOMER_LOCK_HELD, HOMER_UPDATE_FAILED.
 */
async function heedUpdate(home: string, lock: Lock, say: (line: string) => void): Promise<void> {
  const record = unfinishedUpdate(home);
  if (record === null) return;
  if (await isUpdateDriven(home)) {
    if (record.phase === 'trial') return;
    throw new HomerError('HOMER_LOCK_HELD', `Homer is being updated to ${record.to.version}.`);
  }
  lock.release();
  await undoCutOff(home, say);
  throw new HomerError(
    'HOMER_UPDATE_FAILED',
    `The update to ${record.to.version} was cut off and is undone.`,
    {
      hint: 'Start Homer again; nothing is lost.',
    },
  );
}

/** Null when it was told to stop before it was its turn. */
async function standBy(home: string, tell: () => void): Promise<Lock | null> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGTERM', abort);
  process.once('SIGINT', abort);
  tell();
  try {
    return await waitForLock(home, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return null;
    throw error;
  } finally {
    process.off('SIGTERM', abort);
    process.off('SIGINT', abort);
  }
}

function describeHolder(record: DaemonRecord | null): string {
  if (record === null) return 'Another Homer';
  const { pid, port, startedAt } = record;
  return `Another Homer (pid ${pid}, port ${port}, up ${span(Date.now() - Date.parse(startedAt))})`;
}
