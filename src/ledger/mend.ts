// Mends what breaks nothing in the ledger of a Homer that does not run: its write-ahead log, and indices that are missing.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { acquireLock } from '../lifecycle/lock.ts';
import { makeMissingIndices } from './indices.ts';

/** Under the lock of the state directory. What was made, by name; null when somebody else has the lock. Throws as SQLite does. */
export function mendFile(home: string, what: 'log' | 'indices'): readonly string[] | null {
  const file = join(home, 'homer.db');
  if (!existsSync(file)) return [];
  const lock = acquireLock(home);
  if (lock === null) return null;
  const database = new DatabaseSync(file);
  try {
    database.exec(
      'PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
    );
    const made = what === 'indices' ? makeMissingIndices(database) : [];
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return made;
  } finally {
    database.close();
    lock.release();
  }
}
