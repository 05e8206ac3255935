// Waits for the end of a run, whoever started its runner.

import { existsSync } from 'node:fs';
import { isLockHeldProof } from '../lifecycle/lock.ts';
import { isSameProcess } from '../lifecycle/process-identity.ts';
import { watchDirectory } from '../lifecycle/watch.ts';
import { readExit, readRunRecord } from '../runner/records.ts';
import { runnerExit } from '../runner/files.ts';
import type { RunnerProcess } from './runner-process.ts';

/** An adopted runner is no child of ours: nothing tells when it is killed, so it is looked at while it lives. */
const lookMs = 1_000;

/** Resolves when the runner has ended or is gone; rejects with the signal's reason. */
export async function waitForRunner(
  directory: string,
  runner: RunnerProcess | null,
  signal: AbortSignal,
): Promise<void> {
  if (runner !== null) {
    const code = await untilAborted(runner.exited, signal);
    // An earlier runner of this run holds the lock: that one does the work, and we wait for it.
    if (code !== runnerExit.lockHeld) return;
  }
  await waitForAdopted(directory, signal);
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    // Removed again: one signal serves every run of the daemon's life.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function waitForAdopted(directory: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let isLooking = false;
    const finish = (error?: Error): void => {
      watcher.close();
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = (): void => finish(signal.reason as Error);
    const look = async (): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      if (await hasEnded(directory)) finish();
      isLooking = false;
    };
    const onLookFailed = (error: unknown): void =>
      finish(error instanceof Error ? error : new Error(String(error)));
    // Only exit.json is of interest; the tick finds a runner that was killed before it wrote one.
    const onChange = (name: string | null): void => {
      if (name === 'exit.json') look().catch(onLookFailed);
    };
    const watcher = watchDirectory(directory, onChange, onLookFailed);
    const timer = setInterval(() => void look().catch(onLookFailed), lookMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else look().catch(onLookFailed);
  });
}

/** The cheap questions first; only the kernel's word on the lock ends the wait for a runner without exit.json. */
async function hasEnded(directory: string): Promise<boolean> {
  if (readExit(directory) !== null) return true;
  const record = readRunRecord(directory);
  if (record !== null && isSameProcess(record.pid, record.startTicks)) return false;
  // A directory that was deleted can be asked nothing. Where the system has no answer just now, the next look asks again.
  return !existsSync(directory) || (await isLockHeldProof(directory)) === 'free';
}
