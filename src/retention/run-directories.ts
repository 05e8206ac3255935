// The directories of runs: which may go with age, and which belong to nobody any more while something of them still lives.

import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunId, runIdsFrom, type RunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { directoryIdentity, isLockHeldProof } from '../lifecycle/lock.ts';
import { hostBootId, isSameProcess } from '../lifecycle/process-identity.ts';
import { filesVersion } from '../runner/files.ts';
import { endLeftovers, findRunLeftovers, runMarker } from '../runner/leftovers.ts';
import { hasOpen } from '../runner/process-table.ts';
import { readRunRecord, sendOrder } from '../runner/records.ts';

/** A run that the ledger knows as ended, or not at all, of which something still lives. */
export interface Stray {
  readonly runId: RunId;
  /** The runner that holds its lock; null: it is gone, and what it started is left. */
  readonly runner: number | null;
  /** Processes that carry the run's marker. */
  readonly left: readonly number[];
}

/** A runner ends its agent step by step, which takes it up to 12 s. */
const heedMs = 15_000;
const lookMs = 100;

/** Those that may go: made before the cutoff, over or unknown to the ledger, and not touched since. Oldest first. */
export function listOldRuns(home: string, ledger: Ledger, cutoff: number | null): RunId[] {
  if (cutoff === null) return [];
  // The time is in the id: the many that are younger are not even looked at.
  const young = runIdsFrom(cutoff);
  return runsIn(home).filter((runId) => {
    if (runId >= young) return false;
    const run = ledger.claims.findRun(runId);
    if (run !== null && (run.endedAt === null || run.endedAt >= cutoff)) return false;
    return (statSync(join(home, 'runs', runId), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < cutoff;
  });
}

/** Removes them, but for one whose lock is held; resolves with those that are gone. */
export async function removeRuns(
  home: string,
  runIds: readonly RunId[],
  signal: AbortSignal,
): Promise<RunId[]> {
  const removed: RunId[] = [];
  for (const runId of runIds) {
    signal.throwIfAborted();
    const directory = join(home, 'runs', runId);
    if ((await isLockHeldProof(directory)) !== 'free') continue;
    await rm(directory, { recursive: true, force: true });
    removed.push(runId);
  }
  return removed;
}

/** `identity`: `device:inode` of the state directory. */
export async function findStrays(home: string, identity: string, ledger: Ledger): Promise<Stray[]> {
  const over = runsIn(home).filter((runId) => {
    const run = ledger.claims.findRun(runId);
    return run === null || run.endedAt !== null;
  });
  const left = findRunLeftovers(over.map((runId) => runMarker(identity, runId)));
  const strays: Stray[] = [];
  for (const runId of over) {
    const runner = await runnerOf(home, runId);
    const processes = left.get(runMarker(identity, runId)) ?? [];
    if (runner !== null || processes.length > 0) strays.push({ runId, runner, left: processes });
  }
  return strays;
}

/** Ends what is left of a run: by an order, then by signals to who is proved to belong to it. Resolves with what could not be ended. */
export async function endStray(home: string, identity: string, { runId }: Stray): Promise<readonly number[]> {
  const directory = join(home, 'runs', runId);
  if ((await runnerOf(home, runId)) !== null) {
    sendOrder(directory, { version: filesVersion, type: 'stop', reason: 'interrupted' });
    for (let waited = 0; waited < heedMs && (await runnerOf(home, runId)) !== null; waited += lookMs)
      await delay(lookMs);
    const deaf = await runnerOf(home, runId);
    if (deaf !== null) process.kill(deaf, 'SIGKILL');
  }
  const proof = await endLeftovers(runMarker(identity, runId));
  return proof.tree === 'dead' ? [] : proof.pids;
}

/** The file says where to look; the lock, the open directory and the start time say that it is so. */
async function runnerOf(home: string, runId: RunId): Promise<number | null> {
  const directory = join(home, 'runs', runId);
  const record = readRunRecord(directory);
  if (record === null || record.hostBootId !== hostBootId()) return null;
  if (!isSameProcess(record.pid, record.startTicks)) return null;
  const files = [{ name: runId, identity: directoryIdentity(directory) }];
  return hasOpen(record.pid, files) && (await isLockHeldProof(directory)) === 'held' ? record.pid : null;
}

function runsIn(home: string): RunId[] {
  return readdirSync(join(home, 'runs')).filter(isRunId).sort();
}
