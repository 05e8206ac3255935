// Carries an update out, and undoes one. Every step may be cut off: update.json says how far it came, and whoever starts Homer next
// undoes what was not taken over. Taken over is what the new daemon itself has written down, after its canary was through.

import { setTimeout as delay } from 'node:timers/promises';
import { HomerError, messageOf } from '../core/errors.ts';
import { acquireLock, type Lock } from '../lifecycle/lock.ts';
import { readUpdate, unfinishedUpdate, updateDirectory, writeUpdate } from '../lifecycle/update-record.ts';
import type { UpdateRecord } from '../lifecycle/update-record.ts';
import type { Installation, Target } from './installation.ts';
import { keepLedger, putLedgerBack } from './kept-ledger.ts';
import { forgetPrevious } from './previous.ts';

/** Starts and stops the daemon; with a service manager, through it. */
export interface DaemonHands {
  /** Resolves when none holds the state directory, also when none did. What runs goes on. */
  stop(): Promise<void>;
  /** Starts the program at `root`; resolves when it is ready, throws with the reason when it does not become so. */
  start(root: string, patienceMs: number): Promise<void>;
}

export interface DriveOptions {
  readonly home: string;
  readonly installation: Installation;
  readonly hands: DaemonHands;
  readonly tell: (line: string) => void;
}

/** Opening and migrating the ledger come before the trial, and what it adopts after it. */
const moreMs = 60_000;
const startMs = 120_000;
const stops = 20;
const stopPauseMs = 250;

/** Whoever holds it drives the update. HOMER_UPDATE_REFUSED when somebody does. */
export function lockUpdate(home: string): Lock {
  const lock = acquireLock(updateDirectory(home));
  if (lock === null)
    throw new HomerError('HOMER_UPDATE_REFUSED', 'Another update of this Homer is under way.');
  return lock;
}

/**
 * Switches, starts on trial, and comes back with what was taken over. HOMER_UPDATE_FAILED when the version before is back,
 * HOMER_UPDATE_STUCK when it could not be put back.
 */
export async function driveUpdate(options: DriveOptions, target: Target): Promise<UpdateRecord> {
  const { home, hands, tell } = options;
  const record = unfinishedUpdate(home);
  if (record?.phase !== 'switching')
    throw new HomerError('HOMER_UPDATE_REFUSED', 'There is no update to be carried out.');
  try {
    await switchOver(options, record, target);
    tell(
      `Starting Homer ${record.to.version} on trial: nothing is taken in or done before its canary is through.`,
    );
    await hands.start(record.root, record.trialMs + moreMs);
  } catch (error) {
    if (readUpdate(home)?.phase !== 'done') return undo(options, error);
    // It was taken over and failed after that: work of people may be in it, so there is no way back.
    throw error;
  }
  const done = readUpdate(home);
  if (done?.phase !== 'done') return undo(options, new Error('It became ready without its canary.'));
  forgetPrevious(home, done);
  return done;
}

/** What is left of an update that was cut off; null: nothing was. Throws HOMER_UPDATE_STUCK. */
export async function rollBack(options: DriveOptions, why: string): Promise<UpdateRecord | null> {
  const { home, installation, tell } = options;
  if (unfinishedUpdate(home) === null) return null;
  try {
    // In the phase `switching` a daemon that runs is the one from before, of which nothing was touched yet.
    const lock = unfinishedUpdate(home)?.phase === 'trial' ? await takeHome(options) : acquireLock(home);
    try {
      // Only now nobody can take it over any more.
      const record = unfinishedUpdate(home);
      if (record === null) return null;
      tell(`Putting Homer ${record.from.version} back.`);
      if (record.phase === 'trial') putLedgerBack(home);
      if (lock !== null) await installation.switchBack(record);
      const undone: UpdateRecord = { ...record, phase: 'rolled-back', why };
      writeUpdate(home, undone);
      return undone;
    } finally {
      lock?.release();
    }
  } catch (error) {
    throw new HomerError('HOMER_UPDATE_STUCK', messageOf(error), { cause: error });
  }
}

async function switchOver(options: DriveOptions, record: UpdateRecord, target: Target): Promise<void> {
  const { home, installation, tell } = options;
  tell(`Stopping Homer ${record.from.version}; what runs goes on.`);
  const lock = await takeHome(options);
  try {
    keepLedger(home);
    tell(`Switching to ${record.to.version}.`);
    await installation.switchTo(target, record.previous);
    writeUpdate(home, { ...record, phase: 'trial' });
  } finally {
    lock.release();
  }
}

/** Others may start a daemon as soon as one has stopped: it is stopped again until the lock is ours. */
async function takeHome({ home, hands }: DriveOptions): Promise<Lock> {
  for (let tried = 0; tried < stops; tried++) {
    const lock = acquireLock(home);
    if (lock !== null) return lock;
    await hands.stop();
    if (tried > 0) await delay(stopPauseMs);
  }
  throw new HomerError('HOMER_UPDATE_REFUSED', 'Homer is started again whenever it is stopped.', {
    hint: 'Stop what does so (a service manager), then try again.',
  });
}

/** Always throws. */
async function undo(options: DriveOptions, error: unknown): Promise<never> {
  const { hands, tell, home } = options;
  const why = messageOf(error);
  tell(`It failed: ${why}`);
  const undone = await rollBack(options, why);
  if (undone === null) throw error;
  const { from, to } = undone;
  try {
    await hands.start(undone.root, startMs);
  } catch (cause) {
    const text = `Homer ${from.version} is back in its place, but does not start: ${messageOf(cause)}`;
    throw new HomerError('HOMER_UPDATE_STUCK', text, { cause });
  }
  forgetPrevious(home, undone);
  throw new HomerError(
    'HOMER_UPDATE_FAILED',
    `Homer ${to.version} failed (${why}) Homer ${from.version} runs again.`,
    {
      cause: error,
      details: { from, to, why },
    },
  );
}
