// Writes that must not be given up: what a run has done is settled however long the disk is full.

import { setTimeout as delay } from 'node:timers/promises';
import { isHomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Between two tries while the disk is full or read-only; each try is also the probe that finds it mended. */
const retryMs = 2_000;

/** Commits the intent, trying again while the disk refuses. Rejects with any other error, or the signal's reason. */
export async function persist<Value>(
  ledger: Ledger,
  intent: () => Value,
  signal: AbortSignal,
): Promise<Value> {
  for (;;) {
    try {
      return await ledger.commit(intent);
    } catch (error) {
      if (!isRefusedByDisk(error)) throw error;
    }
    await delay(retryMs, undefined, { signal });
  }
}

/** True for what heals by itself: a full or read-only disk, whether SQLite or the file system says so. */
export function isRefusedByDisk(error: unknown): boolean {
  if (isHomerError(error, 'HOMER_DISK_FULL') || isHomerError(error, 'HOMER_READ_ONLY')) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EROFS';
}
