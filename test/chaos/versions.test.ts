// Runners of other versions: one before ours is adopted and settled, a newer one is left to a person.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesVersion } from '../../src/runner/files.ts';
import { createChaosHome, untilGone, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { kill } from './processes.ts';
import { linesOf, untilLines } from './signals.ts';
import { expectOrder } from './vocabulary.ts';

const foreign = join(import.meta.dirname, '../fixtures/agents/foreign-runner.ts');

let home: ChaosHome;
let job: ChaosJob;
beforeEach(() => {
  home = createChaosHome();
  job = home.plan('again', true);
});
afterEach(() => home.remove());

/** A daemon that starts runners of this version, is killed when the runner works, and the one after it. */
async function adoptFrom(version: number): Promise<{ daemon: ChaosDaemon; id: string; runner: number }> {
  const first = home.start({ more: ['--runner', foreign, '--runner-version', String(version)] });
  const { id } = await home.submit(first, job);
  await untilLines(`${job.path}.effect`, 1);
  const [runner = 0] = home.processes().runners;
  await first.end('SIGKILL');
  const daemon = home.start();
  expect(await daemon.ready).not.toBeNull();
  return { daemon, id, runner };
}

test('a runner one version older, with fields we do not know, is adopted and its answer counts', async () => {
  const { daemon, id, runner } = await adoptFrom(filesVersion - 1);
  expect(home.processes().runners).toEqual([runner]);
  job.release();
  const ended = await daemon.untilJob(id, ({ state }) => state === 'succeeded');
  expect(ended.runs).toMatchObject([{ verdict: 'done' }]);
  await daemon.end('SIGTERM');
  await expectOrder(home);
});

test('a newer runner is let to its end, and its job then waits for a person: nothing is run again', async () => {
  const { daemon, id } = await adoptFrom(filesVersion + 1);
  expect((await daemon.job(id)).state).toBe('running');
  job.release();
  const left = await daemon.untilJob(id, ({ state }) => state !== 'running');
  expect(left).toMatchObject({ state: 'waiting', error: { code: 'HOMER_TREE_UNPROVEN' } });
  expect(left.error?.message).toContain('newer version');
  expect(left.runs).toHaveLength(1);
  await daemon.end('SIGTERM');
  await expectOrder(home);
  expect(linesOf(`${job.path}.effect`)).toHaveLength(1);
});

test('a newer runner that was killed is not taken for one that never began', async () => {
  const { daemon, id, runner } = await adoptFrom(filesVersion + 1);
  kill(runner);
  await untilGone(runner);
  const left = await daemon.untilJob(id, ({ state }) => state !== 'running');
  expect(left).toMatchObject({ state: 'waiting', error: { code: 'HOMER_TREE_UNPROVEN' } });
  await daemon.end('SIGTERM');
  await expectOrder(home);
  expect(readdirSync(join(home.path, 'runs'))).toHaveLength(1);
  rmSync(`${job.path}.gate`);
});
