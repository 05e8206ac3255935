// Copies the open ledger into another file, page by page, while it is written to.

import { closeSync, fdatasync, openSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** Pages per step: while one is made, the ledger waits. Measured on 1 GB, 2 cores: no commit waited longer than 3 ms. */
const pagesPerStep = 20;
const mostTries = 1_000;

/**
 * Resolves when the copy is whole and on disk; `target` must not be there. Rejects with the signal's reason when it is aborted, else as SQLite does; what
 * then stands at `target` is of no use. The ledger must not be closed meanwhile.
 */
export async function takeCopy(database: DatabaseSync, target: string, signal: AbortSignal): Promise<void> {
  // Made here, since SQLite would let others read it.
  closeSync(openSync(target, 'wx', 0o600));
  let descriptor: number | null = null;
  let isSyncing = false;
  let syncing: Promise<void> = Promise.resolve();
  const sync = (fd: number): Promise<void> => {
    isSyncing = true;
    return new Promise<void>((resolve) => fdatasync(fd, () => resolve())).then(() => {
      isSyncing = false;
    });
  };
  try {
    await untilBegun(signal, () =>
      backup(database, target, {
        rate: pagesPerStep,
        progress: () => {
          signal.throwIfAborted();
          // With the last step SQLite syncs what is not on disk yet, and the ledger waits: 350 ms for 1 GB, were nothing synced
          // on the way. Whether this one succeeds is not looked at, that one is.
          descriptor ??= openSync(target, 'r+');
          if (!isSyncing) syncing = sync(descriptor);
        },
      }),
    );
    signal.throwIfAborted();
  } finally {
    await syncing;
    if (descriptor !== null) closeSync(descriptor);
  }
}

/**
 * A first step that falls into the middle of a transaction is refused as SQLITE_LOCKED, which Node (24.21) takes for the end of the backup
 * and reports as an error with code 0, "not an error". Later ones it repeats by itself.
 */
async function untilBegun(signal: AbortSignal, begin: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await begin();
      return;
    } catch (error) {
      const isRefused = error instanceof Error && 'errcode' in error && error.errcode === 0;
      if (!isRefused || tries >= mostTries) throw error;
      await delay(1 + Math.random() * 10, undefined, { signal });
    }
  }
}
