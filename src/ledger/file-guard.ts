// Notices that somebody deleted or replaced the files of the open database, and saves what they hold: SQLite goes on
// writing into a file that no longer has a name, and all of it would be gone with the process.

import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

export interface FileGuard {
  /** False once `homer.db` or its log is not the file that was opened. */
  isInPlace(): boolean;
  /**
   * Folds the log into the database. If the database has lost its name, a whole copy is made; returns what puts it in
   * the old place once the database is closed, or in the backups if something else stands there by now.
   */
  save(now: number): () => void;
}

export function createFileGuard(database: DatabaseSync, file: string, backups: string): FileGuard {
  const opened = inodeOf(file);
  let log: bigint | null = null;
  return {
    isInPlace() {
      if (inodeOf(file) !== opened) return false;
      const current = inodeOf(`${file}-wal`);
      // The log is made with the first write.
      log ??= current;
      return current === log;
    },
    save(now) {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      if (inodeOf(file) === opened) return () => undefined;
      const copy = `${file}.saved-${now}`;
      database.prepare('VACUUM INTO ?').run(copy);
      return () => renameSync(copy, inodeOf(file) === null ? file : join(backups, `saved-${now}.db`));
    },
  };
}

/** Null when there is no such file. */
function inodeOf(path: string): bigint | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}
