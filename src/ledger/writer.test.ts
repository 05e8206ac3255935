import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HomerError } from '../core/errors.ts';
import { Writer, type WriterState } from './writer.ts';

let directory: string;
let database: DatabaseSync;
let writer: Writer;
let states: WriterState[];
let commits: number;
let rollbacks: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-writer-'));
  const file = join(directory, 'test.db');
  database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (value TEXT UNIQUE) STRICT',
  );
  states = [];
  commits = rollbacks = 0;
  writer = new Writer(database, file, (state) => states.push(state));
  writer.join({ afterCommit: () => commits++, afterRollback: () => rollbacks++ });
});

afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

const insert = (value: string) => (): string => {
  database.prepare('INSERT INTO t VALUES (?)').run(value);
  return value;
};
const values = (): unknown[] =>
  database
    .prepare('SELECT value FROM t ORDER BY value')
    .all()
    .map((row) => row['value']);

test('intents of one turn share one transaction, and each gets its own answer', async () => {
  const answers = await Promise.all(['a', 'b', 'c'].map((value) => writer.commit(insert(value))));
  expect(answers).toEqual(['a', 'b', 'c']);
  expect(commits).toBe(1);
});

test('intents made by answers are gathered again: a chain of fifty costs fifty transactions, not two thousand five hundred', async () => {
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      for (let step = 0; step < 50; step++) await writer.commit(insert(`${i} ${step}`));
    }),
  );
  expect(values()).toHaveLength(2_500);
  expect(commits).toBeLessThanOrEqual(51);
});

test('an intent resolves only when its transaction is on disk', async () => {
  const seen: number[] = [];
  writer.join({ afterCommit: () => seen.push(0) });
  await writer.commit(insert('a')).then(() => seen.push(1));
  expect(seen).toEqual([0, 1]);
  const other = new DatabaseSync(join(directory, 'test.db'), { readOnly: true });
  expect(other.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 1 });
  other.close();
});

test('an intent that fails takes nobody along, and leaves nothing of itself', async () => {
  const half = (): void => {
    insert('half')();
    throw new HomerError('HOMER_JOB_UNKNOWN', 'no such job');
  };
  const ends = await Promise.allSettled([
    writer.commit(insert('a')),
    writer.commit(half),
    writer.commit(insert('b')),
  ]);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(values()).toEqual(['a', 'b']);
  expect([commits, rollbacks]).toEqual([1, 0]);
});

test('a lone intent that fails leaves nothing of itself either, and the writer goes on', async () => {
  const half = (): void => {
    insert('half')();
    throw new HomerError('HOMER_JOB_UNKNOWN', 'no such job');
  };
  await expect(writer.commit(half)).rejects.toMatchObject({ code: 'HOMER_JOB_UNKNOWN' });
  expect(values()).toEqual([]);
  expect(states).toEqual([]);
  await writer.commit(insert('a'));
  expect(values()).toEqual(['a']);
});

test('what breaks a rule of a table is refused alone', async () => {
  const ends = await Promise.allSettled(['a', 'a', 'b'].map((value) => writer.commit(insert(value))));
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(values()).toEqual(['a', 'b']);
});

test('a participant that refuses the transaction takes all of it back, and everybody is told', async () => {
  let refuse = true;
  writer.join({
    beforeCommit: () => {
      if (refuse) throw new HomerError('HOMER_FENCED', 'a newer daemon');
    },
  });
  const ends = await Promise.allSettled([writer.commit(insert('a')), writer.commit(insert('b'))]);
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'HOMER_FENCED' } });
  expect(values()).toEqual([]);
  expect([commits, rollbacks]).toEqual([0, 1]);
  refuse = false;
  await writer.commit(insert('a'));
});

test('what was asked before the close is committed, what comes after is refused', async () => {
  const before = writer.commit(insert('a'));
  writer.close();
  await expect(before).resolves.toBe('a');
  await expect(writer.commit(insert('b'))).rejects.toMatchObject({ code: 'HOMER_DRAINING' });
  expect(values()).toEqual(['a']);
});
