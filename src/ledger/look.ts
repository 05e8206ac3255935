// Looks into the file of a ledger that no daemon works on. It is never written to, and where it was closed in order nothing is left
// beside it either.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../core/errors.ts';
import { newestMigration } from './database.ts';
import { readFacts, type LedgerFacts } from './facts.ts';
import { findBroken } from './invariants.ts';

export type FileLook =
  | { readonly is: 'read'; readonly facts: LedgerFacts }
  /** Not of the version of this Homer, so its tables are not known. */
  | { readonly is: 'other'; readonly schema: number; readonly newest: number }
  | { readonly is: 'broken'; readonly why: string };

/** Never throws. Tells what was read before it looks at every page, which may take long; returns what is damaged. */
export function lookAtFile(file: string, now: number, onRead: (look: FileLook) => void): readonly string[] {
  let database: DatabaseSync | undefined;
  try {
    database = openToRead(file);
    const schema = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    const newest = newestMigration();
    onRead(
      schema === newest
        ? { is: 'read', facts: { ...readFacts(database, now), journal: journalOf(file) } }
        : { is: 'other', schema, newest },
    );
    const damage = database
      .prepare('PRAGMA quick_check(5)')
      .all()
      .map((row) => String(Object.values(row)[0]));
    const whole = damage.filter((line) => line !== 'ok');
    return whole.length > 0 || schema !== newest ? whole : findBroken(database);
  } catch (error) {
    onRead({ is: 'broken', why: messageOf(error) });
    return [messageOf(error)];
  } finally {
    database?.close();
  }
}

/**
 * With a write-ahead log that was left behind SQLite needs its shared memory beside the file. Without one the file is all there is, and is read
 * as it stands (`immutable`, https://www.sqlite.org/uri.html): otherwise two empty files would be left behind.
 */
function openToRead(file: string): DatabaseSync {
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const url = pathToFileURL(file);
  url.search = log > 0 ? 'mode=ro' : 'mode=ro&immutable=1';
  return new DatabaseSync(url, { readOnly: true });
}

/** As the header of the file has it (https://www.sqlite.org/fileformat.html#file_format_version_numbers): `immutable` shows none. */
function journalOf(file: string): string {
  const header = Buffer.alloc(20);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, header, 0, header.length, 0);
  } finally {
    closeSync(fd);
  }
  return header[18] === 2 && header[19] === 2 ? 'wal' : 'delete';
}
