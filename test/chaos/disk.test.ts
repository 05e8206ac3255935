// The state directory on a real, small file system that fills up or breaks. Needs root to mount it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SmallDisk } from '../e2e/small-disk.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';
import { until, untilLines } from './signals.ts';
import { expectOrder, readBooks, runDirectories } from './vocabulary.ts';

const probe = SmallDisk.create(24);
const why = typeof probe === 'string' ? ` (skipped: ${probe})` : '';
if (typeof probe !== 'string') probe.remove();

/** A command that speaks in three parts, each when it is let: what is read while the journal is full comes in pieces. */
const partLines = 2_000;
const loud = [
  'echo x >> "$1.effect"',
  'for part in 1 2 3; do read -r _ < "$1.gate"; seq 1 "$2"; echo "$part" >> "$1.said"; done',
  'echo "did ${1##*/}"',
].join('\n');
const part = Array.from({ length: partLines }, (_, index) => `${index + 1}\n`).join('');

describe.skipIf(why !== '')(`a small disk${why}`, () => {
  let disk: SmallDisk;
  let home: ChaosHome;
  beforeEach(() => {
    const made = SmallDisk.create(24);
    if (typeof made === 'string') throw new Error(made);
    disk = made;
    const once = { kind: 'command', argv: ['sh', '-c', loud, 'sh', '{prompt}', String(partLines)] };
    home = createChaosHome({
      homeParent: disk.path,
      config: (base) => ({ executors: { ...base, once } }),
    });
  });
  afterEach(async () => {
    await home.remove();
    disk.remove();
  });

  test('full: nothing is acknowledged falsely, no result is lost, and it heals by itself', async () => {
    const daemon = home.start();
    const job = home.plan('once', true);
    const { id } = await home.submit(daemon, job);
    await job.began();
    disk.fill();
    const acknowledged: string[] = [];
    const codes = new Set<number>();
    // The ledger has a little room of its own left: submissions go on until it is used up.
    for (let sent = 0; !codes.has(507) && sent < 5_000; sent += 50) {
      const body = { prompt: 'x'.repeat(10_000), executor: 'again', runAfter: '2099-01-01T00:00:00Z' };
      const keys = Array.from({ length: 50 }, (_, index) => `fill-${sent + index}`);
      const answers = await Promise.all(
        keys.map((key) =>
          daemon.ask<{ code?: string }>('POST', '/api/v1/jobs', body, { 'idempotency-key': key }),
        ),
      );
      answers.forEach(({ status }, index) => {
        codes.add(status);
        if (status === 202) acknowledged.push(keys[index] ?? '');
      });
    }
    expect([...codes].filter((status) => status !== 202)).toEqual([507]);
    const health = await daemon.ask<{ daemon: string }>('GET', '/health');
    expect(health).toMatchObject({ status: 200, body: { daemon: 'degraded' } });

    // The run comes to its end on the full disk, and its answer fits into what was kept free for it.
    await daemon.untilLine('the ledger cannot be written');
    for (const count of [1, 2, 3]) {
      job.release();
      await untilLines(`${job.path}.said`, count);
    }
    const [run = ''] = runDirectories(home.path);
    await until([run], () => existsSync(join(run, 'exit.json')));
    disk.free();
    const ended = await daemon.untilJob(id, ({ state }) => state !== 'running');
    expect(ended).toMatchObject({ state: 'succeeded', result: { text: `${part}${part}${part}did once-1` } });
    await daemon.untilLine('the ledger can be written again');
    const after = home.plan('again');
    const { id: next } = await home.submit(daemon, after);
    await daemon.untilJob(next, ({ state }) => state === 'succeeded');
    expect((await daemon.ask<{ daemon: string }>('GET', '/health')).body.daemon).toBe('healthy');

    await daemon.end('SIGTERM');
    const books = readBooks(home.path);
    const kept = books.jobs.flatMap(({ key }) => (key?.startsWith('fill-') === true ? [key] : []));
    expect(kept.toSorted()).toEqual(acknowledged.toSorted());
    expect(books.integrity).toBe('ok');
  });

  test('broken and read-only: refused with 503, and all is there once it is repaired', async () => {
    const daemon = home.start();
    const done = home.plan('again');
    const { id } = await home.submit(daemon, done);
    await daemon.untilJob(id, ({ state }) => state === 'succeeded');
    // What the test itself wrote is not what is tested.
    execFileSync('sync', ['-f', home.path]);
    disk.break();
    const body = { prompt: join(home.base, 'x'), executor: 'again' };
    const refused = await daemon.ask<{ code: string }>('POST', '/api/v1/jobs', body);
    expect(refused).toMatchObject({ status: 503, body: { code: 'HOMER_READ_ONLY' } });
    expect((await daemon.job(id)).state).toBe('succeeded');
    await daemon.end('SIGKILL');
    disk.repair();
    const next = home.start();
    expect(await next.ready).not.toBeNull();
    const after = home.plan('again');
    const { id: second } = await home.submit(next, after);
    await next.untilJob(second, ({ state }) => state === 'succeeded');
    await next.end('SIGTERM');
    expect((await expectOrder(home)).jobs).toHaveLength(2);
    expect(readFileSync(`${done.path}.effect`, 'utf8').split('\n')).toHaveLength(2);
  });
});
