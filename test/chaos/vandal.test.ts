// Somebody deletes or blocks the files of a run. Nobody can know then how far it came: it must not be run again unasked.

import { mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobView } from '../../src/operations/job-view.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { createChaosHome, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import { kill } from './processes.ts';
import { expectOrder } from './vocabulary.ts';

let home: ChaosHome;
beforeEach(() => {
  home = createChaosHome();
});
afterEach(() => home.remove());

async function startGated(): Promise<{ daemon: ChaosDaemon; job: ChaosJob; id: string; directory: string }> {
  const daemon = home.start();
  const job = home.plan('once', true);
  const { id } = await home.submit(daemon, job);
  await job.began();
  const { body } = await daemon.ask<{ job: JobView }>('GET', `/api/v1/jobs/${id}`);
  return { daemon, job, id, directory: join(home.path, 'runs', body.job.runs[0]?.id ?? '') };
}

async function expectAsked(daemon: ChaosDaemon, id: string): Promise<void> {
  const left = await daemon.untilJob(id, ({ state }) => state !== 'running');
  expect(left).toMatchObject({ state: 'waiting', runs: [{ state: 'ended' }] });
  await daemon.end('SIGTERM');
  await expectOrder(home);
}

test('a command whose directory is deleted while it runs is not started again', async () => {
  const { daemon, job, id, directory } = await startGated();
  rmSync(directory, { recursive: true });
  job.release();
  await expectAsked(daemon, id);
});

test('a command whose run.json is deleted and whose runner is killed is not started again', async () => {
  const { daemon, id, directory } = await startGated();
  unlinkSync(join(directory, 'run.json'));
  for (const pid of home.processes().runners) kill(pid);
  await expectAsked(daemon, id);
});

test('a command whose directory is deleted while no daemon runs is not started again', async () => {
  const { daemon, id, directory } = await startGated();
  await daemon.end('SIGKILL');
  rmSync(directory, { recursive: true });
  await expectAsked(home.start(), id);
});

test('a journal that cannot be read neither ends the daemon nor hides the answer', async () => {
  const { daemon, job, id, directory } = await startGated();
  unlinkSync(join(directory, 'journal.jsonl'));
  mkdirSync(join(directory, 'journal.jsonl'));
  job.release();
  const ended = await daemon.untilJob(id, ({ state }) => state !== 'running');
  expect(ended).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
  await daemon.end('SIGTERM');
  await expectOrder(home);
});
