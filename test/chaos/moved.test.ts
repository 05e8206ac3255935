// The state directory is renamed or copied while runners live.

import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { directoryIdentity } from '../../src/lifecycle/lock.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { startDaemon } from './chaos-daemon.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';
import { findOwn } from '../../src/drill/own-processes.ts';
import { linesOf } from './signals.ts';
import { expectOrder } from './vocabulary.ts';

let home: ChaosHome;
beforeEach(() => {
  home = createChaosHome({ config: { lanes: { default: { concurrency: 1 } } } });
});
afterEach(() => home.remove());

function rename(): void {
  const to = join(home.base, 'renamed');
  renameSync(home.path, to);
  home.path = to;
}

test('renamed under a killed daemon: its run is adopted', async () => {
  const first = home.start();
  const job = home.plan('agent', true);
  const { id } = await home.submit(first, job);
  await job.began();
  await first.end('SIGKILL');
  rename();
  const second = home.start();
  expect(await second.ready).not.toBeNull();
  job.release();
  const ended = await second.untilJob(id, ({ state }) => state !== 'running');
  expect(ended).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
  await second.end('SIGTERM');
  expect((await expectOrder(home)).runs).toHaveLength(1);
});

test('renamed under a live daemon: it stops by itself, and the next one adopts', async () => {
  const first = home.start();
  const job = home.plan('agent', true);
  const { id } = await home.submit(first, job);
  await job.began();
  rename();
  expect(await first.exited).toEqual({ code: 1, signal: null });
  expect(first.lines().join('\n')).toContain('HOMER_HOME_REPLACED');
  const second = home.start();
  await second.ready;
  job.release();
  await second.untilJob(id, ({ state }) => state === 'succeeded');
  await second.end('SIGTERM');
  expect((await expectOrder(home)).runs).toHaveLength(1);
});

test('renamed while a job waits for its turn in the default workspace: it runs there', async () => {
  const first = home.start();
  const [running, queued] = [home.plan('again', true), home.plan('again')];
  await home.submit(first, running);
  await running.began();
  const { id } = await home.submit(first, queued);
  await first.end('SIGKILL');
  rename();
  const second = home.start();
  await second.ready;
  running.release();
  const ended = await second.untilJob(id, ({ state }) => state === 'succeeded' || state === 'failed');
  expect(ended).toMatchObject({ error: null, state: 'succeeded' });
  await second.end('SIGTERM');
  await expectOrder(home);
});

test('a copy starts held, touches nothing of the original, and runs nothing until it is released', async () => {
  const original = home.start();
  const [running, queued] = [home.plan('agent', true), home.plan('again')];
  const live = await home.submit(original, running);
  await running.began();
  const waiting = await home.submit(original, queued);
  const processes = home.processes();

  const path = join(home.base, 'copy');
  execFileSync('cp', ['-a', home.path, path]);
  const copy = startDaemon(path, home.env);
  try {
    expect(await copy.ready).not.toBeNull();
    const settled = await copy.untilJob(live.id, ({ state }) => state !== 'running');
    expect(settled).toMatchObject({ state: 'waiting', error: { code: 'HOMER_HELD' } });
    expect(await copy.job(waiting.id)).toMatchObject({ state: 'waiting', error: { code: 'HOMER_HELD' } });
    const status = await copy.ask<{ daemon: string; held: boolean }>('GET', '/api/v1/status');
    expect(status.body).toMatchObject({ daemon: 'held', held: true });
    expect((await copy.ask('POST', `/api/v1/jobs/${waiting.id}/retry`, {})).status).toBe(409);
    expect(home.processes()).toEqual(processes);
    expect(findOwn(directoryIdentity(path))).toEqual({ runners: [], agents: [] });
    expect(linesOf(`${queued.path}.effect`)).toEqual([]);

    running.release();
    await original.untilJob(waiting.id, ({ state }) => state === 'succeeded');
    await original.end('SIGTERM');
    expect((await expectOrder(home)).runs).toHaveLength(2);
    expect((await copy.job(waiting.id)).state).toBe('waiting');

    expect((await copy.ask('POST', '/api/v1/resume', {})).status).toBe(200);
    const released: JobView[] = [];
    for (const { id } of [live, waiting])
      released.push(await copy.untilJob(id, ({ state }) => state === 'succeeded'));
    // The agent went on in its session and saw that its effect was there; the command was run by both, as the person chose.
    expect(linesOf(`${running.path}.effect`)).toHaveLength(1);
    expect(released[0]?.result?.text).toContain('told: true');
    expect(linesOf(`${queued.path}.effect`)).toHaveLength(2);
  } finally {
    await copy.end('SIGKILL');
  }
});

test('a copy that was taken before the runner had begun starts nothing either', async () => {
  const doomed = home.start({ kill: '5-specified' });
  const job = home.plan('again');
  await home.submit(doomed, job).catch(() => undefined);
  await doomed.exited;
  const path = join(home.base, 'copy');
  execFileSync('cp', ['-a', home.path, path]);
  const copy = startDaemon(path, home.env);
  try {
    await copy.ready;
    const { body } = await copy.ask<{ jobs: JobView[] }>('GET', '/api/v1/jobs');
    const left = await copy.untilJob(body.jobs[0]?.id ?? '', ({ state }) => state !== 'running');
    expect(left).toMatchObject({ state: 'waiting', error: { code: 'HOMER_HELD' } });
    expect(linesOf(`${job.path}.effect`)).toEqual([]);
  } finally {
    await copy.end('SIGKILL');
  }
});
