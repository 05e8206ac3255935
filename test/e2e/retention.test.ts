// What has ended long ago goes, a few rows at a time, and what may still be asked for stays.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newRunId, type JobId } from '../../src/core/ids.ts';
import { cutoffsOf, defaultRetention, type Retention } from '../../src/core/retention.ts';
import { decideStart } from '../../src/gateway/event-stream.ts';
import { findBroken } from '../../src/ledger/invariants.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { unusedRun } from '../../src/ledger/run-record.ts';
import { createLog } from '../../src/lifecycle/log.ts';
import { RetentionService } from '../../src/retention/retention.ts';
import { pruneLedger } from '../../src/retention/prune.ts';
import { listOldRuns, removeRuns } from '../../src/retention/run-directories.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

const dayMs = 86_400_000;
let home: string;
let now: number;
let ledger: Ledger;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'homer-retention-'));
  now = Date.now() - 1_000 * dayMs;
  ledger = await openLedgerIn(home, { now: () => now });
});
afterEach(() => {
  ledger.close('drained');
  const database = new DatabaseSync(join(home, 'homer.db'));
  expect(findBroken(database)).toEqual([]);
  database.close();
  rmSync(home, { recursive: true });
});

const { signal } = new AbortController();
const prune = (
  retention: Partial<Retention> = {},
  isTrial = false,
): Promise<Readonly<Record<string, number>>> =>
  pruneLedger(ledger, cutoffsOf({ ...defaultRetention, ...retention }, now), { signal, isTrial });

async function run(text = 'answer'): Promise<void> {
  await ledger.commit(() => {
    const [grant] = ledger.claims.grant('default', 1, now);
    if (grant === undefined) throw new Error('nothing to run');
    ledger.claims.recordStart(grant, 'w', now);
    ledger.claims.settle(grant, { ...unusedRun, verdict: 'done', text, message: '' }, now);
  });
}

/** One that ran and succeeded at once. */
async function done(key: string | null = null, parentId: JobId | null = null): Promise<JobId> {
  const id = await accept(ledger, { key, parentId, source: 'http:owner', bodyHash: 'b', prompt: 'ask' });
  await run();
  return id;
}

const find = (id: JobId): unknown => {
  try {
    return ledger.jobs.get(id);
  } catch {
    return null;
  }
};
const keyOf = (key: string): JobId | null => ledger.jobs.findAccepted('http:owner', key, 'b');

test('the contents of a job go first, its key is answered with it for 90 days, then both are gone', async () => {
  const old = await done('k');
  await accept(ledger, { prompt: 'not yet' });
  now += 31 * dayMs;
  expect(await prune({ jobsMs: 30 * dayMs }, true)).toMatchObject({ jobs: 1 });
  expect(ledger.jobs.get(old)).toMatchObject({ prompt: 'ask', resultText: 'answer' });
  expect(await prune({ jobsMs: 30 * dayMs })).toMatchObject({ jobs: 1 });
  expect(ledger.jobs.get(old)).toMatchObject({
    state: 'succeeded',
    prompt: '',
    resultText: null,
    isPruned: true,
  });
  expect(ledger.claims.runsOf(old)).toEqual([]);
  expect(keyOf('k')).toBe(old);
  now += 58 * dayMs;
  expect(await prune({ jobsMs: 30 * dayMs })).not.toHaveProperty('keys');
  now += 2 * dayMs;
  expect(await prune({ jobsMs: 30 * dayMs })).toMatchObject({ keys: 1 });
  expect([find(old), keyOf('k')]).toEqual([null, null]);
  expect(ledger.jobs.list({ limit: 10 }).map(({ prompt }) => prompt)).toEqual(['not yet']);
});

test('a job that failed cannot be run again once nobody knows what it was to do', async () => {
  const id = await accept(ledger);
  await accept(ledger);
  await ledger.commit(() => ledger.jobs.cancel(id, now));
  now += 2 * dayMs;
  await prune({ jobsMs: 1 * dayMs });
  await expect(ledger.commit(() => ledger.jobs.retry(id, now))).rejects.toMatchObject({
    code: 'HOMER_JOB_PRUNED',
  });
});

test('what goes on stays with all it belongs to, however old it is', async () => {
  const waiting = await accept(ledger, { lane: 'other', prompt: 'waits' });
  const parent = await done();
  const child = await accept(ledger, { lane: 'other', parentId: parent });
  const told = await accept(ledger, { notify: 'web' });
  await run();
  now += 200 * dayMs;
  await accept(ledger);
  await prune();
  expect(ledger.jobs.get(waiting).prompt).toBe('waits');
  expect(ledger.jobs.get(parent).prompt).toBe('ask');
  // Its result is on the way to somebody.
  expect(ledger.jobs.get(told)).toMatchObject({ isPruned: false, resultText: 'answer' });
  await ledger.commit(() => ledger.jobs.cancel(child, now));
  expect(await prune()).toMatchObject({ jobs: 1 });
  // The child asks for its parent when it is looked at.
  expect(ledger.jobs.get(parent)).toMatchObject({ isPruned: true });
});

test('a webhook delivery is known by each of its keys for as long, and by none afterwards', async () => {
  const source = 'hook:github';
  const keys = { key: 'id-1', more: ['body-1', 'body-2'], isKeyEnough: false };
  const id = await accept(ledger, { source, key: 'id-1', bodyHash: 'b' });
  await ledger.commit(() => ledger.hookReceipts.note(source, keys, 'b', id, now));
  await run();
  await accept(ledger);
  now += 89 * dayMs;
  await prune({ jobsMs: 7 * dayMs });
  expect(ledger.hookReceipts.find(source, keys, 'b')).toBe(id);
  now += 2 * dayMs;
  expect(await prune({ jobsMs: 7 * dayMs })).toMatchObject({ 'keys of webhooks': 3, keys: 1 });
  expect(ledger.hookReceipts.find(source, keys, 'b')).toBeNull();
});

test('events go from the oldest on without a gap, the newest stays, and a cursor that is too old gets a reset', async () => {
  for (let n = 0; n < 50; n++) await done();
  const cursor = `${ledger.generation}.${ledger.events.lastSeq() - 10}`;
  expect(decideStart(cursor, ledger.events).reset).toBeNull();
  now += 31 * dayMs;
  const last = ledger.events.lastSeq();
  expect(await prune()).toEqual({ events: last - 1 });
  expect([ledger.events.oldestSeq(), ledger.events.lastSeq()]).toEqual([last, last]);
  expect(decideStart(cursor, ledger.events).reset).toBe('pruned');
  expect(decideStart(`${ledger.generation}.${last}`, ledger.events).reset).toBeNull();
  await done();
  expect(ledger.events.lastSeq()).toBeGreaterThan(last);
});

test('one that a wrong clock has dated later keeps nothing, and no number is given twice', async () => {
  now += 5_000 * dayMs;
  await done();
  now -= 5_000 * dayMs;
  for (let n = 0; n < 30; n++) await done();
  now += 200 * dayMs;
  const newest = await done();
  await prune({ jobsMs: dayMs });
  now += dayMs * 2;
  await prune({ jobsMs: dayMs });
  expect(
    ledger.jobs
      .list({ limit: 100 })
      .map(({ id }) => id)
      .at(0),
  ).toBe(newest);
  // The odd one is still of the future.
  expect(ledger.jobs.list({ limit: 100 })).toHaveLength(2);
});

test('off keeps for ever', async () => {
  await done();
  now += 900 * dayMs;
  expect(await prune({ jobsMs: null, eventsMs: null, deliveriesMs: null })).toEqual({});
});

test('no piece holds the writer for long, whatever there is to remove', async () => {
  for (let n = 0; n < 200; n++)
    await ledger.commit(() => {
      for (let each = 0; each < 10; each++) ledger.events.append(now, 'lane.paused', null, null, { each });
    });
  for (let n = 0; n < 300; n++) await done(`k${n}`);
  now += 200 * dayMs;
  await done();
  const waits: number[] = [];
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      const begin = performance.now();
      await ledger.commit(() => ledger.boots.writeMeta('test', String(begin)));
      waits.push(performance.now() - begin);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  expect(await prune()).toMatchObject({ jobs: 300, keys: 300 });
  isOver = true;
  await writing;
  waits.sort((a, b) => a - b);
  // Of a machine that others use too: nearly all, and each commit has an fsync of its own.
  expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(20);
});

test('directories of runs go by the end of the run, and those of a run that is not known by their age', async () => {
  mkdirSync(join(home, 'runs'));
  const id = await done();
  const [run] = ledger.claims.runsOf(id);
  const made = [run?.id, newRunId(now, new Uint8Array(10)), newRunId(now + 40 * dayMs, new Uint8Array(10))];
  for (const each of made) {
    mkdirSync(join(home, 'runs', String(each)));
    utimesSync(join(home, 'runs', String(each)), now / 1000, now / 1000);
  }
  mkdirSync(join(home, 'runs', 'of-somebody-else'));
  expect(listOldRuns(home, ledger, now - dayMs)).toEqual([]);
  now += 41 * dayMs;
  const old = listOldRuns(home, ledger, now - 30 * dayMs);
  expect(new Set(old)).toEqual(new Set(made.slice(0, 2)));
  expect(await removeRuns(home, old, signal)).toHaveLength(2);
  expect(readdirSync(join(home, 'runs')).sort()).toEqual(['of-somebody-else', String(made[2])]);
});

test('nothing goes while the clock may be wrong', async () => {
  mkdirSync(join(home, 'runs'));
  const old = await done('k');
  const service = new RetentionService({
    ledger,
    home,
    homeIdentity: '1:1',
    config: () => defaultRetention,
    log: createLog({ level: 'error' }),
    onError: () => undefined,
  });
  now += 400 * dayMs;
  expect((await service.pass(true)).rows).toMatchObject({ jobs: 1 });
  await expect(service.pass(false)).rejects.toMatchObject({ code: 'HOMER_CLOCK_DOUBTED' });
  expect(ledger.jobs.get(old).prompt).toBe('ask');
  now -= 400 * dayMs;
  expect((await service.pass(false)).rows).toEqual({});
  await service.stop();
});
