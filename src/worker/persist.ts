// Writes that must not be given up: what a run has done is settled however long the disk is full.

import { setTimeout as delay } from 'node:timers/promises';
import { isHomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CommitTerms } from '../ledger/writer.ts';

/** Between two tries while the disk is full or read-only; each try is also the probe that finds it mended. */
const retryMs = 2_000;

/** Commits the intent, trying again while the disk refuses. Rejects with any other error, or the signal's reason. */
export async function persist<Value>(
  ledger: Ledger,
  intent: () => Value,
  signal: AbortSignal,
  terms?: CommitTerms,
): Promise<Value> {
  for (;;) {
    try {
      return await ledger.commit(intent, terms);
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    await delay(retryMs, undefined, { signal });
  }
}

/** What the system says when it is short of something just now: room, descriptors, processes, memory. */
const passingCodes: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'ENOMEM',
]);

/** True for what heals by itself, whether SQLite or the system says so: nobody is to blame, and nothing is burnt. */
export function isPassing(error: unknown): boolean {
  if (isHomerError(error, 'HOMER_DISK_FULL') || isHomerError(error, 'HOMER_READ_ONLY')) return true;
  return error instanceof Error && 'code' in error && passingCodes.has(error.code);
}
