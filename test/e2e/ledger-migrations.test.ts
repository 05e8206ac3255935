import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';

const fixture = join(import.meta.dirname, '../fixtures/ledger/migrator.ts');
let home: string;
let file: string;
let migrations: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-migrate-'));
  file = join(home, 'homer.db');
  migrations = join(home, 'migrations');
  mkdirSync(migrations);
  add('0001-a.sql', 'CREATE TABLE a (value INTEGER) STRICT; INSERT INTO a VALUES (1);');
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

const add = (name: string, sql: string): void => writeFileSync(join(migrations, name), sql);
const open = (): Promise<DatabaseSync> => openDatabase({ file, backups: join(home, 'backups'), migrations });

async function openAndClose(): Promise<void> {
  (await open()).close();
}

function read(sql: string, path = file): unknown {
  const database = new DatabaseSync(path);
  try {
    return Object.values(database.prepare(sql).get() ?? {})[0];
  } finally {
    database.close();
  }
}

const backups = (): string[] => (existsSync(join(home, 'backups')) ? readdirSync(join(home, 'backups')) : []);

test('migrations are made in the order of their numbers, once each, and a new ledger needs no backup', async () => {
  add('0010-c.sql', 'INSERT INTO b VALUES (10)');
  add('0002-b.sql', 'CREATE TABLE b (value INTEGER) STRICT');
  add('notes.sql', 'this is no migration');
  await openAndClose();
  await openAndClose();
  expect(read('SELECT count(*) FROM b')).toBe(1);
  expect(read('PRAGMA user_version')).toBe(10);
  expect(backups()).toEqual([]);
});

test('before a ledger is changed a backup is made that can be opened, and holds what was there', async () => {
  await openAndClose();
  add('0002-b.sql', 'DELETE FROM a; CREATE TABLE b (value INTEGER) STRICT');
  await openAndClose();
  expect(read('SELECT count(*) FROM a')).toBe(0);
  expect(backups()).toEqual(['before-migration-from-1.db']);
  const backup = join(home, 'backups', 'before-migration-from-1.db');
  expect(read('SELECT count(*) FROM a', backup)).toBe(1);
  expect(read('PRAGMA user_version', backup)).toBe(1);
});

test('a migration that fails leaves the one before it whole, and nothing of itself', async () => {
  add('0002-b.sql', 'CREATE TABLE b (value INTEGER) STRICT');
  add('0003-c.sql', 'CREATE TABLE c (value INTEGER) STRICT; INSERT INTO nowhere VALUES (1);');
  await expect(open()).rejects.toThrow('nowhere');
  expect(read('PRAGMA user_version')).toBe(2);
  expect(read("SELECT count(*) FROM sqlite_schema WHERE name = 'c'")).toBe(0);
  add('0003-c.sql', 'CREATE TABLE c (value INTEGER) STRICT');
  await openAndClose();
  expect(read('PRAGMA user_version')).toBe(3);
});

test('a ledger of a newer Homer is refused, and not touched', async () => {
  add('0007-later.sql', 'CREATE TABLE later (value INTEGER) STRICT');
  await openAndClose();
  rmSync(join(migrations, '0007-later.sql'));
  await expect(open()).rejects.toMatchObject({
    code: 'HOMER_LEDGER_NEWER',
    message: expect.stringContaining('version 7') as string,
  });
  expect(read('PRAGMA user_version')).toBe(7);
  expect(backups()).toEqual([]);
});

test('what is no database is refused', async () => {
  writeFileSync(file, 'this is a letter, not a database '.repeat(200));
  await expect(open()).rejects.toMatchObject({ code: 'HOMER_LEDGER_BROKEN' });
});

test('a migration killed in its middle is undone or done at the next open, never half', async () => {
  await openAndClose();
  // Long enough to be killed in the middle of; the write-ahead log grows while it runs.
  const rows = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)';
  add(
    '0002-b.sql',
    `CREATE TABLE b (value TEXT) STRICT; ${rows} INSERT INTO b SELECT hex(zeroblob(100)) FROM n;`,
  );
  const child = spawn(process.execPath, [fixture, home, migrations], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  // The backup is in place just before the migration starts; the cache spills into the log while it runs.
  await appears(join(home, 'homer.db-wal'), () => walSize() > 1_000_000);
  child.kill('SIGKILL');
  expect(await exited).toEqual([null, 'SIGKILL']);
  expect(read('PRAGMA integrity_check')).toBe('ok');
  expect(read('PRAGMA user_version')).toBe(1);
  expect(read("SELECT count(*) FROM sqlite_schema WHERE name = 'b'")).toBe(0);
  expect(read('SELECT count(*) FROM a')).toBe(1);
  add('0002-b.sql', 'CREATE TABLE b (value TEXT) STRICT');
  await openAndClose();
  expect(read('PRAGMA user_version')).toBe(2);
});

function walSize(): number {
  const path = join(home, 'homer.db-wal');
  return existsSync(path) ? statSync(path).size : 0;
}

/** Resolves when the condition holds; looked at whenever something changes beside the file. */
function appears(path: string, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(join(path, '..'), () => {
      if (!holds()) return;
      watcher.close();
      resolve();
    });
  });
}
