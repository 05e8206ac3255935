// homer drill: all that can be played here goes as promised, and a drill in which the promise is broken says so.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Drill } from '../../src/drill/drills.ts';
import { playDrill, type DrillResult, type Program } from '../../src/drill/open.ts';
import { play } from '../../src/drill/play.ts';
import { isRecordAlive, readRecord, type DaemonRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const program = (): Program => ({ argv: [process.execPath, main], signal: new AbortController().signal });
const kept = { lost: 0, doubled: 0, orphans: 0, trouble: null, skipped: null };
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('homer-drill-'));

test('all of them are played, all goes as promised, and nothing is left', async () => {
  const before = leftovers();
  const { code, stdout, stderr } = await room.run(['drill', '--all', '--json']);
  const { ok, drills } = JSON.parse(stdout) as { ok: boolean; drills: readonly DrillResult[] };
  for (const each of drills) expect(each, stdout).toMatchObject(kept);
  expect([ok, code, stderr]).toEqual([true, 0, '']);
  expect(drills.map(({ name }) => name)).toHaveLength(10);
  for (const { jobs, readyMs } of drills) expect(Math.min(jobs, readyMs)).toBeGreaterThan(0);
  expect(leftovers()).toEqual(before);
  // Nothing of it was in the state directory that commands use otherwise.
  expect(existsSync(room.home)).toBe(false);
});

test('one is chosen by its name, more than once; one that there is not is refused', async () => {
  const twice = await room.run(['drill', 'daemon', '-n', '2']);
  expect(twice.stdout).toMatch(
    /^(daemon {3}lost=0 doubled=0 orphans=0 ready=\d+ ms {2}6 jobs\n){2}2 drills played: all /,
  );
  const none = await room.run(['drill', 'flood']);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('There are: daemon, ')]);
  expect((await room.run(['drill'])).stdout).toContain('homer drill --all');
});

test('what a drill has left that was killed itself is ended and removed by the next one', async () => {
  const before = leftovers();
  const killed = spawn(process.execPath, [main, 'drill', 'daemon'], { stdio: 'ignore' });
  const exited = once(killed, 'exit');
  const begun = (): string | undefined => leftovers().find((name) => !before.includes(name));
  const record = async (): Promise<DaemonRecord | null> =>
    readRecord(join(tmpdir(), begun() ?? 'nowhere', 'home'));
  await expect.poll(record, { timeout: 30_000, interval: 5 }).not.toBeNull();
  killed.kill('SIGKILL');
  const left = await record();
  await exited;
  if (left === null) throw new Error('its daemon had gone already');
  expect(await playDrill('config', program())).toMatchObject(kept);
  expect(isRecordAlive(left)).toBe(false);
  expect(leftovers()).toEqual(before);
}, 60_000);

const broken: readonly [string, Partial<DrillResult>, Drill['play']][] = [
  [
    'a job that came to its end twice',
    { doubled: 1 },
    async (scratch) => {
      const job = await scratch.submit('once');
      scratch.release(job);
      writeFileSync(`${job.path}.ended`, 'ended\n');
    },
  ],
  [
    'a job that was acknowledged and is not there',
    { lost: 1 },
    async (scratch) => {
      scratch.release(await scratch.submit('once'));
      scratch.stored.push('j1m8a7t91k733z7ybqz3');
    },
  ],
  [
    'a process that was left',
    { orphans: 1 },
    async (scratch) => {
      scratch.release(await scratch.submit('once'));
      const env = { HOMER_RUN: `${scratch.identity}/left` };
      const left = spawn('sleep', ['600'], { env, stdio: 'ignore' });
      await new Promise((resolve) => left.once('spawn', resolve));
    },
  ],
  [
    'a daemon that does not do what the drill wants of it',
    { trouble: 'it did not' },
    () => Promise.reject(new Error('it did not')),
  ],
];

test.for(broken)('%s is told', async ([, figures, playIt]) => {
  const result = await play({ name: 'broken', summary: '', play: playIt }, program());
  expect(result).toMatchObject(figures);
});

test('what is not installed is said, and not counted as played', async () => {
  const { PATH } = process.env;
  process.env['PATH'] = room.work;
  try {
    expect(await playDrill('redis', program())).toMatchObject({ skipped: 'redis-server is not installed' });
  } finally {
    process.env['PATH'] = PATH;
  }
  const { code, stdout } = await room.run(['drill', 'redis'], { env: { PATH: room.work } });
  expect([code, stdout]).toEqual([1, expect.stringContaining('skipped: redis-server is not installed')]);
});
