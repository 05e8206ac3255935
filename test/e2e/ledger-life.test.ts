import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isJobId } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

const writerProgram = join(import.meta.dirname, '../fixtures/ledger/writer.ts');
let directory: string;
let home: string;
let opened: Ledger[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-ledger-'));
  home = join(directory, 'home');
  mkdirSync(home);
  opened = [];
});

afterEach(() => {
  for (const ledger of opened) ledger.close('drained');
  rmSync(directory, { recursive: true });
});

async function open(where = home): Promise<Ledger> {
  const ledger = await openLedgerIn(where);
  opened.push(ledger);
  return ledger;
}

describe('kill -9', () => {
  test.each([1, 2, 3, 4, 5])(
    'of a process that writes as fast as it can loses nothing it acknowledged (%i)',
    async (round) => {
      const child = spawn(process.execPath, [writerProgram, home], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(child, 'exit');
      const acknowledged: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        if (isJobId(line)) acknowledged.push(line);
        if (acknowledged.length === round * 400) child.kill('SIGKILL');
      }
      expect(await exited).toEqual([null, 'SIGKILL']);
      const ledger = await open();
      const kept = new Set<string>(ledger.jobs.list({ limit: 1_000_000 }).map(({ id }) => id));
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      ledger.close('drained');
      const database = new DatabaseSync(join(home, 'homer.db'));
      expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      expect(
        database.prepare('SELECT count(*) AS n FROM jobs WHERE id NOT IN (SELECT job_id FROM events)').get(),
      ).toEqual({ n: 0 });
      database.close();
    },
  );
});

describe('generation', () => {
  test('a restart keeps the generation and makes a newer epoch', async () => {
    const first = await open();
    first.close('drained');
    const second = await open();
    expect([second.generation, second.epoch, second.isHeld()]).toEqual([
      first.generation,
      first.epoch + 1,
      false,
    ]);
    expect(second.boots.before(second.epoch, 5)).toMatchObject([{ epoch: first.epoch, ending: 'drained' }]);
  });

  test('a renamed state directory is the same one, and starts as ever', async () => {
    const before = await open();
    before.close('drained');
    renameSync(home, join(directory, 'moved'));
    const after = await open(join(directory, 'moved'));
    expect([after.generation, after.isHeld()]).toEqual([before.generation, false]);
  });

  test('a copied state directory gets a generation of its own and is held until a person releases it', async () => {
    const original = await open();
    const queued = await accept(original);
    const later = await accept(original, { runAfter: Date.now() + 3_600_000 });
    const cancelled = await accept(original);
    await original.commit(() => original.jobs.cancel(cancelled, Date.now()));
    original.close('drained');
    cpSync(home, join(directory, 'copy'), { recursive: true });

    const copy = await open(join(directory, 'copy'));
    expect(copy.isHeld()).toBe(true);
    expect(copy.generation).not.toBe(original.generation);
    for (const id of [queued, later])
      expect(copy.jobs.get(id)).toMatchObject({ state: 'waiting', error: { code: 'HOMER_HELD' } });
    expect(copy.jobs.get(cancelled).state).toBe('cancelled');
    copy.close('drained');

    const again = await open(join(directory, 'copy'));
    expect([again.isHeld(), again.generation]).toEqual([true, copy.generation]);
    expect(await again.release()).toBe(2);
    expect(again.isHeld()).toBe(false);
    expect(again.jobs.get(queued)).toMatchObject({ state: 'queued', dueAt: null, error: null });
    expect(again.jobs.get(later).dueAt).toBeGreaterThan(Date.now());
    expect(again.jobs.get(cancelled).state).toBe('cancelled');
    await expect(again.release()).rejects.toMatchObject({ code: 'HOMER_NOT_HELD' });
    again.close('drained');
    const third = await open(join(directory, 'copy'));
    expect(third.isHeld()).toBe(false);
    third.close('drained');

    const untouched = await open();
    expect([untouched.isHeld(), untouched.generation]).toEqual([false, original.generation]);
  });

  test('every job that is held or released says so in the event log', async () => {
    const original = await open();
    const id = await accept(original);
    original.close('drained');
    cpSync(home, join(directory, 'copy'), { recursive: true });
    const copy = await open(join(directory, 'copy'));
    await copy.release();
    const types = copy.events
      .read(0, 100)
      .map(({ type, jobId }) => (jobId === id ? type : type.replace(/^job/, 'another')));
    expect(types).toEqual([
      'daemon.started',
      'job.queued',
      'daemon.started',
      'job.waiting',
      'daemon.held',
      'job.queued',
      'daemon.released',
    ]);
  });
});

describe('two at once', () => {
  test('while one process has the ledger, no other gets it, and the one goes on undisturbed', async () => {
    const child = spawn(process.execPath, [writerProgram, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    await expect(openLedgerIn(home)).rejects.toMatchObject({ code: 'HOMER_LOCK_HELD' });
    await lines.next();
    child.kill('SIGKILL');
    await exited;
    expect((await open()).epoch).toBe(2);
  });

  test('a ledger that a newer daemon is on record in is written no more', async () => {
    const older = await open();
    const id = await accept(older);
    const boot = { bootId: 'newer', hostBootId: null, pid: 1, version: '0' };
    const takeover = older.commit(() => older.boots.begin(boot, Date.now()));
    const beside = accept(older);
    await expect(takeover).rejects.toMatchObject({ code: 'HOMER_FENCED' });
    await expect(beside).rejects.toMatchObject({ code: 'HOMER_FENCED' });
    older.close('drained');

    const database = new DatabaseSync(join(home, 'homer.db'));
    expect(database.prepare('SELECT count(*) AS n FROM jobs').get()).toEqual({ n: 1 });
    database.close();
    expect((await open()).jobs.get(id).state).toBe('queued');
  });
});

describe('events', () => {
  test('their numbers have no holes and no repetitions, over restarts and refused intents', async () => {
    for (let boot = 0; boot < 3; boot++) {
      const ledger = await open();
      await accept(ledger, { key: `k${boot}` });
      await accept(ledger, { key: `k${boot}`, bodyHash: 'other' }).catch(() => undefined);
      await Promise.allSettled([
        accept(ledger),
        accept(ledger, { key: `k${boot}`, bodyHash: 'other' }),
        accept(ledger),
      ]);
      ledger.close('drained');
    }
    const ledger = await open();
    const events = ledger.events.read(0, 1_000);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(ledger.events.lastSeq()).toBe(events.length);
    expect(events.filter(({ type }) => type === 'job.queued')).toHaveLength(9);
  });

  test('a client that reads from where it stopped misses nothing and sees nothing twice', async () => {
    const ledger = await open();
    const seen: number[] = [];
    let last = 0;
    const end = ledger.events.subscribe(() => {
      for (const { seq } of ledger.events.read(last, 1_000)) seen.push((last = seq));
    });
    await Promise.all(Array.from({ length: 30 }, () => accept(ledger)));
    await accept(ledger);
    end();
    await accept(ledger);
    expect(seen).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
  });

  test('when older events were pruned, the oldest that is left is known and numbers go on', async () => {
    const ledger = await open();
    for (let i = 0; i < 10; i++) await accept(ledger);
    ledger.close('drained');
    const database = new DatabaseSync(join(home, 'homer.db'));
    database.exec('DELETE FROM events WHERE seq < (SELECT max(seq) FROM events)');
    database.close();
    const after = await open();
    expect([after.events.oldestSeq(), after.events.lastSeq()]).toEqual([11, 12]);
    expect(after.events.read(3, 100).map(({ seq }) => seq)).toEqual([11, 12]);
  });

  test('a listener is told only of what is on disk, once per commit', async () => {
    const ledger = await open();
    let told = 0;
    ledger.events.subscribe(() => told++);
    await Promise.all([accept(ledger), accept(ledger)]);
    await accept(ledger, { key: 'k' });
    await accept(ledger, { key: 'k', bodyHash: 'other' }).catch(() => undefined);
    await ledger.commit(() => undefined);
    expect(told).toBe(2);
  });
});
