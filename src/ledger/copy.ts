// Copies of the ledger: files of their own, which no daemon works on. What a copy must carry and must not carry is put in here,
// and here it is found out whether it is whole. Nothing in here may be called with the file of the ledger that is open.

import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import { restoredHome } from './boots.ts';
import { ledgerError, newestMigration } from './database.ts';
import { findBroken, findDamage } from './invariants.ts';
import { runKeyName } from './run-tokens.ts';

/** A small file of the state directory that goes with the ledger. */
export interface CarriedFile {
  /** Relative to the state directory, with `/`. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly content: Uint8Array;
}

export interface CopyReport {
  /** Version of the schema. */
  readonly schema: number;
  /** When it was made, ms since the epoch; null: by another means than `homer backup`. */
  readonly madeAt: number | null;
  /** Version of Homer that made it; null as above. */
  readonly version: string | null;
  readonly jobs: number;
  /** Jobs that had not ended. */
  readonly open: number;
  /** The newest thing that it knows, ms since the epoch; null: nothing. */
  readonly lastEventAt: number | null;
  /** Paths of the files it carries. */
  readonly files: readonly string[];
}

/** Makes a backup of a bare copy: one file without a log, without the key of run tokens, with what goes with it. Errors as openDatabase. */
export function sealCopy(
  file: string,
  about: { readonly madeAt: number; readonly version: string; readonly files: readonly CarriedFile[] },
): void {
  withDatabase(file, (database) => {
    database.exec(
      'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; BEGIN',
    );
    // Good for the runs of a daemon that has another copy of it.
    database.prepare('DELETE FROM meta WHERE key = ?').run(runKeyName);
    database.exec(`DROP TABLE IF EXISTS backup_about; DROP TABLE IF EXISTS backup_files;
      CREATE TABLE backup_about (made_at INTEGER NOT NULL, version TEXT NOT NULL) STRICT;
      CREATE TABLE backup_files (path TEXT PRIMARY KEY, mode INTEGER NOT NULL, content BLOB NOT NULL) STRICT;`);
    database.prepare('INSERT INTO backup_about VALUES (?, ?)').run(about.madeAt, about.version);
    const insert = database.prepare('INSERT INTO backup_files VALUES (?, ?, ?)');
    for (const { path, mode, content } of about.files) insert.run(path, mode, content);
    database.exec('COMMIT');
  });
}

/**
 * Reads the whole of a copy. HOMER_BACKUP_BROKEN lists what is wrong in `details.broken`; HOMER_LEDGER_NEWER when this Homer is too
 * old for it. `leaveAlone`: the file is not written to, and a log beside it is refused, since it would not be read.
 */
export function inspectCopy(file: string, { leaveAlone }: { readonly leaveAlone: boolean }): CopyReport {
  if (leaveAlone && existsSync(`${file}-wal`))
    throw broken(file, ['a write-ahead log lies beside it, so a program has it open or was killed']);
  return withDatabase(
    file,
    (database) => {
      database.exec('PRAGMA cache_size = -32000; PRAGMA temp_store = MEMORY');
      const schema = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
      if (schema > newestMigration())
        throw new HomerError(
          'HOMER_LEDGER_NEWER',
          `${file} has version ${schema}; this Homer knows ${newestMigration()}.`,
        );
      if (schema === 0) throw broken(file, ['no ledger is in it']);
      const found = [...findDamage(database), ...findBroken(database)];
      if (found.length > 0) throw broken(file, found);
      return describe(database, schema);
    },
    leaveAlone,
  );
}

/** The files that a backup carries; none for a copy that is not one. */
export function readCarried(file: string): CarriedFile[] {
  return withDatabase(
    file,
    (database) =>
      hasTable(database, 'backup_files')
        ? database
            .prepare('SELECT path, mode, content FROM backup_files ORDER BY path')
            .all()
            .map((row) => ({
              path: String(row['path']),
              mode: Number(row['mode']),
              content: row['content'] as Uint8Array,
            }))
        : [],
    false,
  );
}

/** Makes a copy ready to be the ledger again: whoever starts on it is held and has another generation. */
export function readyToRestore(file: string): void {
  withDatabase(file, (database) => {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; BEGIN');
    database.exec('DROP TABLE IF EXISTS backup_about; DROP TABLE IF EXISTS backup_files');
    // The next start takes it for one that was moved: see Boots.settleGeneration.
    database
      .prepare(
        "INSERT INTO meta (key, value) VALUES ('home', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      )
      .run(restoredHome);
    database.exec('COMMIT');
  });
}

/** Folds the log of a ledger that nobody has open into it; false when SQLite cannot, and both files are left as they are. */
export function foldLog(file: string): boolean {
  try {
    withDatabase(file, (database) => {
      database.exec('PRAGMA locking_mode = EXCLUSIVE');
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
    rmSync(`${file}-shm`, { force: true });
    return !existsSync(`${file}-wal`);
  } catch {
    // Damaged, or of no program of ours: whoever asks keeps the files as they are.
    return false;
  }
}

function describe(database: DatabaseSync, schema: number): CopyReport {
  const isBackup = hasTable(database, 'backup_about');
  const about = isBackup ? database.prepare('SELECT made_at, version FROM backup_about').get() : undefined;
  const jobs = database
    .prepare(
      "SELECT count(*) AS jobs, coalesce(sum(state NOT IN ('succeeded', 'failed', 'cancelled')), 0) AS open FROM jobs",
    )
    .get();
  const last = database.prepare('SELECT at FROM events ORDER BY seq DESC LIMIT 1').get();
  const files = isBackup ? database.prepare('SELECT path FROM backup_files ORDER BY path').all() : [];
  return {
    schema,
    madeAt: about === undefined ? null : Number(about['made_at']),
    version: about === undefined ? null : String(about['version']),
    jobs: Number(jobs?.['jobs'] ?? 0),
    open: Number(jobs?.['open'] ?? 0),
    lastEventAt: last === undefined ? null : Number(last['at']),
    files: files.map((row) => String(row['path'])),
  };
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return (
    database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined
  );
}

/** `leaveAlone`: as a file that does not change, without a lock or a log of its own (https://sqlite.org/uri.html). */
function withDatabase<Value>(
  file: string,
  use: (database: DatabaseSync) => Value,
  leaveAlone = false,
): Value {
  if (!existsSync(file)) throw broken(file, ['it is not there']);
  let database: DatabaseSync | undefined;
  try {
    database = leaveAlone
      ? new DatabaseSync(
          `file:${encodeURI(file).replaceAll('?', '%3f').replaceAll('#', '%23')}?immutable=1`,
          {
            readOnly: true,
          },
        )
      : new DatabaseSync(file);
    return use(database);
  } catch (error) {
    const reason = ledgerError(error, file);
    // A copy that SQLite cannot read is no fault of the ledger; nor is one that lacks a table.
    if (reason === error && !(error instanceof HomerError) && isOfDatabase(error))
      throw broken(file, [String(error)], error);
    if (reason instanceof HomerError && reason.code === 'HOMER_LEDGER_BROKEN')
      throw broken(file, [reason.message.replace(/\.$/, '')], error);
    throw reason;
  } finally {
    database?.close();
  }
}

function isOfDatabase(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error;
}

function broken(file: string, found: readonly string[], cause?: unknown): HomerError {
  return new HomerError('HOMER_BACKUP_BROKEN', `${file} cannot be used: ${found.slice(0, 5).join('; ')}.`, {
    details: { broken: found },
    cause,
  });
}
