// Backups of a daemon at work, and putting them back: through the command line, with real processes and real files.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restoreBackup, verifyBackup } from '../../src/backup/restore.ts';
import { connect } from '../../src/cli/client.ts';
import type { BackupView } from '../../src/operations/backups.ts';
import type { DigestView } from '../../src/operations/digest.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

async function json<Value>(...args: string[]): Promise<Value> {
  const { code, stdout, stderr } = await room.run([...args, '--json']);
  expect(code, stderr + stdout).toBe(0);
  return JSON.parse(stdout) as Value;
}

async function refused(
  ...args: string[]
): Promise<{ code: number | null; error: { code: string; message: string } }> {
  const { code, stdout } = await room.run([...args, '--json']);
  return { code, ...(JSON.parse(stdout) as { error: { code: string; message: string } }) };
}

interface Restored {
  readonly jobs: number;
  readonly open: number;
  readonly restored: readonly string[];
  readonly kept: readonly string[];
  readonly replaced: string | null;
}

const post = async (home: string, key: string, lane = 'default'): Promise<JobView> => {
  const client = await connect(home);
  const body = { prompt: 'true', executor: 'shell', lane };
  return (await client.call<{ job: JobView }>('jobs.create', { body, key })).job;
};

test('made while jobs come in, a backup has what was acknowledged before it, and starts held wherever it is put', async () => {
  mkdirSync(room.home, { mode: 0o700 });
  writeFileSync(join(room.home, 'config.yaml'), 'lanes: { later: {} }\n', { mode: 0o600 });
  await json('start');
  // Nothing of them is run: they are here to be kept.
  await json('lanes', 'pause', 'default');
  const before = [];
  for (let n = 0; n < 20; n++) before.push(await post(room.home, `before-${n}`));
  let isDone = false;
  const during = (async () => {
    for (let n = 0; !isDone; n++) await post(room.home, `during-${n}`);
  })();
  const made = await json<BackupView>('backup', '--to', room.work);
  isDone = true;
  await during;
  expect(made.jobs).toBeGreaterThanOrEqual(20);
  expect(statSync(made.path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(room.home, 'backups')).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(await json('restore', made.path, '--verify')).toMatchObject({ ok: true, jobs: made.jobs });

  // Over a live daemon it is refused and nothing changes.
  expect(await refused('restore', made.path)).toMatchObject({ code: 75, error: { code: 'HOMER_LOCK_HELD' } });

  // On another host: another directory.
  const other = join(room.work, 'other');
  const elsewhere = await room.run(['restore', made.path, '--home', join(room.work, 'an other')]);
  expect(elsewhere.stdout).toContain('Put back beside it: config.yaml.');
  expect(elsewhere.stdout).toContain(`\`homer start --home '${join(room.work, 'an other')}'\``);
  const restored = await json<Restored>('restore', made.path, '--home', other);
  expect(restored).toMatchObject({ jobs: made.jobs, replaced: null });
  try {
    await json('start', '--home', other);
    expect(JSON.parse((await room.run(['status', '--home', other, '--json'])).stdout)).toMatchObject({
      daemon: 'held',
    });
    const [first] = before;
    // A key is answered with its job, whatever there was in between.
    expect(await post(other, 'before-0')).toMatchObject({ id: first?.id });
    const fresh = await post(other, 'after', 'later');
    expect(fresh.state).toBe('queued');
    await json('resume', '--home', other);
    expect((await room.run(['wait', fresh.id, '--home', other])).code).toBe(0);
  } finally {
    await room.run(['stop', '--kill', '--home', other]);
  }
});

test('put back in its own place, the ledger that was there is kept, the generation is another, and cursors are told', async () => {
  await json('start');
  await post(room.home, 'kept');
  const { path } = await json<BackupView>('backup');
  expect(await json('backup', 'list')).toMatchObject({ backups: [{ path, encrypted: false }] });
  const lost = await post(room.home, 'lost');
  await json('stop');
  const generation = readMeta(join(room.home, 'homer.db'), 'generation');
  const { replaced } = await json<Restored>('restore', path);
  expect(readdirSync(room.home).filter((name) => /^homer\.db.+|^\./.test(name))).toEqual([]);
  expect(await json('restore', replaced ?? '', '--verify')).toMatchObject({ ok: true });
  await json('start');
  expect(await json('status').catch(() => null)).toBeNull();
  // How the daemon before ended is not in the backup.
  const { restarts } = await json<DigestView>('digest');
  expect(restarts.map(({ cause }) => cause)).toEqual(['restored']);
  const { backups } = await json<{ backups: { path: string; kind: string }[] }>('backup', 'list');
  expect(backups).toContainEqual(expect.objectContaining({ path: replaced, kind: 'replaced' }));
  const again = await post(room.home, 'lost');
  expect(again.id).not.toBe(lost.id);
  await json('resume');
  await json('stop');
  expect(readMeta(join(room.home, 'homer.db'), 'generation')).not.toBe(generation);
});

test('a place that is not there is no file to write, unless it is named like one; a list is of the place that is named', async () => {
  await json('start');
  const stick = join(room.work, 'usb');
  for (const to of [stick, join(stick, 'homer.db'), `${stick}.backup`]) {
    const { error } = await refused('backup', '--to', to);
    expect(error, to).toMatchObject({
      code: 'HOMER_BACKUP_FAILED',
      message: expect.stringContaining('is no directory') as string,
      hint: expect.stringMatching(/a directory that is there.*or a new file.*\.db\.age/) as string,
    });
  }
  expect(readdirSync(room.work)).toEqual(['home']);
  mkdirSync(stick);
  await json('backup', '--to', join(stick, 'mine.db'));
  const { path } = await json<BackupView>('backup', '--to', stick);
  expect(await json('backup', 'list')).toEqual({ backups: [] });
  expect(await json('backup', 'list', '--to', stick)).toMatchObject({ backups: [{ path, kind: 'backup' }] });
  expect((await room.run(['backup', 'list', '--to', stick])).stdout).toMatch(/^made .*\n.*plain/);
  expect((await refused('backup', 'list', '--to', join(stick, 'none'))).code).toBe(2);
});

test('a damaged, cut or foreign file is refused by name, and the ledger stays', async () => {
  await json('start');
  await post(room.home, 'mine');
  const { path } = await json<BackupView>('backup');
  await json('stop');
  const whole = readFileSync(path);
  const ledger = readFileSync(join(room.home, 'homer.db'));
  const files = {
    flipped: Buffer.from(whole.map((byte, at) => (at >= 8_192 && at < 12_288 ? byte ^ 0x5a : byte))),
    cut: whole.subarray(0, whole.length - 8_192),
    empty: Buffer.alloc(0),
    foreign: Buffer.from('this is no database at all '.repeat(500)),
  };
  const scratch = room.work;
  for (const [name, bytes] of Object.entries(files)) {
    const file = join(room.work, `${name}.db`);
    writeFileSync(file, bytes);
    const broken = { code: 'HOMER_BACKUP_BROKEN' };
    await expect(verifyBackup({ file, identity: null }, scratch), name).rejects.toMatchObject(broken);
    await expect(restoreBackup(room.home, { file, identity: null }, 0), name).rejects.toMatchObject({
      ...broken,
      message: expect.stringMatching(/[^.]\.$/) as string,
    });
  }
  const newer = join(room.work, 'newer.db');
  writeFileSync(newer, whole);
  change(newer, 'PRAGMA user_version = 9999');
  expect(await refused('restore', newer)).toMatchObject({ code: 78, error: { code: 'HOMER_LEDGER_NEWER' } });
  // What SQLite takes for whole is not yet a ledger in order.
  const broken = join(room.work, 'broken.db');
  writeFileSync(broken, whole);
  change(broken, 'DELETE FROM jobs');
  expect((await refused('restore', broken)).error.message).toContain('runs without their job');
  expect((await refused('restore', join(room.work, 'none.db'))).error.code).toBe('HOMER_BACKUP_BROKEN');
  expect(readFileSync(join(room.home, 'homer.db')).equals(ledger)).toBe(true);
  expect(readdirSync(room.home).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a ledger that is beyond reading is replaced too, and kept with its log', async () => {
  await json('start');
  await post(room.home, 'mine');
  const { path } = await json<BackupView>('backup');
  await json('stop');
  writeFileSync(join(room.home, 'homer.db'), 'nothing that SQLite knows '.repeat(1000));
  writeFileSync(join(room.home, 'homer.db-wal'), 'nor this');
  const { replaced } = await json<Restored>('restore', path);
  expect(readFileSync(replaced ?? '', 'utf8')).toContain('nothing that SQLite knows');
  expect(readFileSync(`${replaced ?? ''}-wal`, 'utf8')).toBe('nor this');
  await json('start');
  expect(await json('jobs')).toMatchObject({ jobs: [{ key: 'mine' }] });
});

test('what is secret goes into encrypted backups only, and comes back with them', async () => {
  mkdirSync(join(room.home, 'skills/notes'), { recursive: true, mode: 0o700 });
  writeFileSync(join(room.home, 'skills/notes/SKILL.md'), '---\nname: notes\ndescription: d\n---\nwrite');
  const config = join(room.home, 'config.yaml');
  writeFileSync(config, 'lanes: { work: {} }\n', { mode: 0o600 });
  await json('start');
  expect(await json<BackupView>('backup')).toMatchObject({
    files: ['config.yaml', 'skills/notes/SKILL.md'],
    leftOut: [],
  });
  appendFileSync(config, 'executors: { a: { kind: claude, setEnv: { API_KEY: "plain-secret-of-mine" } } }\n');
  const plain = await json<BackupView>('backup');
  expect(plain.files).toEqual(['skills/notes/SKILL.md']);
  expect(plain.leftOut).toEqual([expect.stringContaining('config.yaml')]);
  const token = readFileSync(join(room.home, 'token'), 'utf8');
  for (const secret of ['plain-secret-of-mine', token.trim()])
    expect(readFileSync(plain.path).includes(secret)).toBe(false);
  expect(readMeta(plain.path, 'run_key')).toBeNull();

  const [identity, other] = [await generateIdentity(), await generateIdentity()];
  const keys = join(room.work, 'key.txt');
  writeFileSync(keys, `# made for a test\n${identity}\n`);
  writeFileSync(join(room.work, 'wrong.txt'), other);
  const sealed = await json<BackupView>('backup', '--encrypt', await identityToRecipient(identity));
  expect(sealed).toMatchObject({ encrypted: true, leftOut: [] });
  expect(sealed.path).toMatch(/\.db\.age$/);
  const there = join(room.work, 'there');
  const locked = { code: 1, error: { code: 'HOMER_BACKUP_ENCRYPTED' } };
  expect(await refused('restore', sealed.path, '--home', there)).toMatchObject(locked);
  expect(await refused('restore', sealed.path, '--identity', join(room.work, 'wrong.txt'))).toMatchObject({
    code: 75,
  });
  expect(
    await refused('restore', sealed.path, '--verify', '--identity', join(room.work, 'wrong.txt')),
  ).toMatchObject(locked);
  const { restored } = await json<Restored>('restore', sealed.path, '--identity', keys, '--home', there);
  expect(restored).toEqual(['config.yaml', 'skills/notes/SKILL.md', 'token']);
  expect(readFileSync(join(there, 'token'), 'utf8')).toBe(token);
  expect(readFileSync(join(there, 'config.yaml'), 'utf8')).toContain('plain-secret-of-mine');
  expect(statSync(join(there, 'config.yaml')).mode & 0o777).toBe(0o600);
  // A second time nothing of what is there is touched.
  writeFileSync(join(there, 'config.yaml'), 'port: 0\n', { mode: 0o600 });
  expect(await json('restore', sealed.path, '--identity', keys, '--home', there)).toMatchObject({
    restored: [],
    kept: ['config.yaml', 'skills/notes/SKILL.md', 'token'],
  });
  expect(readFileSync(join(there, 'config.yaml'), 'utf8')).toBe('port: 0\n');
  expect(existsSync(join(there, 'homer.db'))).toBe(true);
});

test('while a run goes on its ledger is not replaced under it', async () => {
  await json('start');
  const { path } = await json<BackupView>('backup');
  const { stderr } = await room.run(['run', '-x', 'shell', '--detach', 'sleep 600']);
  const [, id = ''] = /\b(j[0-9a-z]{19})\b/.exec(stderr) ?? [];
  const client = await connect(room.home);
  await expect
    .poll(
      async () => (await client.call<{ job: JobView }>('jobs.get', { params: { id } })).job.runs[0]?.state,
    )
    .toBe('running');
  await json('stop', '--now');
  expect(await refused('restore', path)).toMatchObject({ code: 1, error: { code: 'HOMER_RUNS_LEFT' } });
});

function change(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

function readMeta(file: string, key: string): string | null {
  const database = new DatabaseSync(file);
  try {
    const value = database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.['value'];
    return typeof value === 'string' ? value : null;
  } finally {
    database.close();
  }
}

test('a file of a backup that cannot be put in its place is told, keeps no other from its own, and steers no terminal', async () => {
  await json('start');
  const { path } = await json<BackupView>('backup');
  const database = new DatabaseSync(path);
  const insert = database.prepare('INSERT INTO backup_files VALUES (?, 420, ?)');
  const names = [
    'skills/a',
    'skills/a/b',
    `skills/${'n'.repeat(300)}`,
    'skills/../../evil',
    'skills/z\u001b[31m',
  ];
  for (const name of names) insert.run(name, Buffer.from('x'));
  database.close();
  const there = join(room.work, 'there');
  const { code, stdout } = await room.run(['restore', path, '--home', there]);
  expect(code).toBe(0);
  expect(stdout).toContain('Could not be put back: skills/a/b, skills/nnn');
  expect(stdout).not.toContain('\u001b');
  expect(readdirSync(join(there, 'skills')).sort()).toEqual(['a', 'z\u001b[31m']);
  expect(existsSync(join(room.work, 'evil'))).toBe(false);
});
