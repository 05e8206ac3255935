// Opens the one SQLite connection of the process and brings its schema up to date. Nothing else in the process may
// open or close the file: closing any descriptor of it would drop SQLite's POSIX locks.

import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backup, DatabaseSync } from 'node:sqlite';
import { HomerError, messageOf } from '../core/errors.ts';

const migrationsDirectory = fileURLToPath(new URL('./migrations', import.meta.url));

export interface DatabaseOptions {
  readonly file: string;
  /** Where a backup goes before a migration. */
  readonly backups: string;
  /** The numbered SQL files; Homer's own unless a test brings others. */
  readonly migrations?: string;
  /** Other programs may read it while it is open, for replication. */
  readonly shared?: boolean;
}

/**
 * Resolves with the migrated database, which is ours alone until it is closed; HOMER_LEDGER_NEWER, HOMER_LEDGER_BROKEN, HOMER_DISK_FULL, HOMER_READ_ONLY
 * or, while another process has it open, HOMER_LOCK_HELD.
 */
export async function openDatabase(options: DatabaseOptions): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined;
  try {
    makePrivate(options.file);
    database = new DatabaseSync(options.file);
    // EXCLUSIVE, before anything else: then the index of the write-ahead log is in our own memory. As a mapped file it
    // ended the process with SIGBUS on a disk that was really full.
    // Shared, that risk is taken by whoever asked for it; a checkpoint waits for readers then.
    // FULL: with NORMAL, simulated power cuts lost acknowledged jobs in 14 of 30 cuts, with FULL in none.
    database.exec(`PRAGMA busy_timeout = 2000; PRAGMA locking_mode = ${options.shared === true ? 'NORMAL' : 'EXCLUSIVE'}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;
      PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000;`);
    await migrate(database, options);
    return database;
  } catch (error) {
    const reason = ledgerError(error, options.file);
    database?.close();
    throw reason;
  }
}

/** The numbered files of a folder (Homer's own unless another is named), lowest number first. */
export function readMigrations(directory = migrationsDirectory): { version: number; file: string }[] {
  return readdirSync(directory)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 4)), file: join(directory, name) }));
}

/** The version of the schema that this Homer writes. */
export function newestMigration(): number {
  return readMigrations().at(-1)?.version ?? 0;
}

async function migrate(database: DatabaseSync, options: DatabaseOptions): Promise<void> {
  const migrations = readMigrations(options.migrations);
  const newest = migrations.at(-1)?.version ?? 0;
  const current = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (current > newest) {
    throw new HomerError(
      'HOMER_LEDGER_NEWER',
      `${options.file} has version ${current}; this Homer knows ${newest}.`,
    );
  }
  const pending = migrations.filter((migration) => migration.version > current);
  if (pending.length === 0) return;
  if (current > 0) await backUpBefore(database, options, current);
  for (const { version, file } of pending) {
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(readFileSync(file, 'utf8'));
      database.exec(`PRAGMA user_version = ${version}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** The log that SQLite makes beside the database takes over its mode. Before SQLite has the file open, and only then. */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  } catch {
    // SQLite, which opens it next, says what is wrong with it.
  }
}

async function backUpBefore(
  database: DatabaseSync,
  options: DatabaseOptions,
  version: number,
): Promise<void> {
  mkdirSync(options.backups, { recursive: true, mode: 0o700 });
  const target = join(options.backups, `before-migration-from-${version}.db`);
  await backup(database, `${target}.part`);
  renameSync(`${target}.part`, target);
}

// SQLite's result codes: https://www.sqlite.org/rescode.html
const sqliteBusy = 5;
const sqliteFull = 13;
const sqliteReadOnly = 8;
const sqliteIoErr = 10;
const sqliteCantOpen = 14;
const sqliteIoErrShmSize = 4874;
// Error, too big, constraint, mismatch, misuse, range: the statement is at fault, and the database is well.
const faultsOfStatement = new Set([1, 18, 19, 20, 21, 25]);

function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode;
}

/**
 * The catalogue's error for what SQLite threw. A full or read-only disk passes and heals; anything else of the
 * database itself is HOMER_LEDGER_BROKEN and ends the process. What one statement did wrong is returned as it is.
 */
export function ledgerError(error: unknown, file: string): unknown {
  const code = resultCode(error);
  if (code === null || faultsOfStatement.has(code & 0xff)) return error;
  const detail = messageOf(error);
  if ((code & 0xff) === sqliteBusy)
    return new HomerError('HOMER_LOCK_HELD', `Another process has ${file} open.`, { cause: error });
  // Growing the shared-memory file on a full disk is reported as an I/O error.
  if (code === sqliteFull || code === sqliteIoErrShmSize)
    return new HomerError('HOMER_DISK_FULL', `The ledger could not grow: ${detail}.`, { cause: error });
  // A disk that has become read-only is reported as an I/O error, or as files that cannot be made.
  const kind = code & 0xff;
  if (kind === sqliteReadOnly || ((kind === sqliteIoErr || kind === sqliteCantOpen) && isReadOnly(file)))
    return new HomerError('HOMER_READ_ONLY', `The ledger could not be written: ${detail}.`, { cause: error });
  return new HomerError('HOMER_LEDGER_BROKEN', `SQLite reports: ${detail}.`, { cause: error });
}

/** Asks the disk itself: after an error of its own it still says that it may be written. Never touches the ledger. */
function isReadOnly(file: string): boolean {
  const scratch = join(dirname(file), `.write-test-${process.pid}`);
  try {
    closeSync(openSync(scratch, 'wx', 0o600));
    rmSync(scratch);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS';
  }
}
