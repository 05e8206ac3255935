// Stopping: politely, in a hurry, with everything, and by the watchdog.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChaosHome, type ChaosHome, type ChaosJob, type Kind } from './chaos-home.ts';
import type { ChaosDaemon, StartOptions } from './chaos-daemon.ts';
import { kill } from './processes.ts';
import { expectOrder } from './vocabulary.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

let home: ChaosHome;
let daemon: ChaosDaemon;
let job: ChaosJob;
let id: string;
beforeEach(() => {
  home = createChaosHome();
});
afterEach(() => home.remove());

/** A daemon with a run in the middle of its effect. */
async function startWithRun(kind: Kind, drainMs: number, options?: StartOptions): Promise<void> {
  await home.remove();
  home = createChaosHome({ config: { drain: { timeoutMs: drainMs } } });
  daemon = home.start(options);
  job = home.plan(kind, true);
  ({ id } = await home.submit(daemon, job));
  await job.began();
}

/** The run goes on, and the next start adopts it. */
async function expectHandedOver(): Promise<void> {
  const { runners } = home.processes();
  expect(runners).toHaveLength(1);
  const next = home.start();
  expect(await next.ready).not.toBeNull();
  expect(home.processes().runners).toEqual(runners);
  job.release();
  const ended = await next.untilJob(id, ({ state }) => state !== 'running');
  expect(ended).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
  await next.end('SIGTERM');
  expect((await expectOrder(home)).runs).toHaveLength(1);
}

test('SIGTERM waits for what runs, takes in nothing new, and ends with 0', async () => {
  await startWithRun('again', 60_000);
  kill(daemon.pid, 'SIGTERM');
  await daemon.untilLine('"msg":"stopping"');
  const refused = await daemon.ask<{ code: string }>('POST', '/api/v1/jobs', {
    prompt: 'x',
    executor: 'again',
  });
  expect(refused).toMatchObject({ status: 503, body: { code: 'HOMER_DRAINING' } });
  job.release();
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  const books = await expectOrder(home);
  expect(books.jobs).toMatchObject([{ id, state: 'succeeded' }]);
});

test('a run that takes longer than the drain goes on, and the next start adopts it', async () => {
  await startWithRun('agent', 200);
  expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await expectHandedOver();
});

test('a second signal does not wait for the drain', async () => {
  await startWithRun('again', 3_600_000);
  kill(daemon.pid, 'SIGTERM');
  await daemon.untilLine('"msg":"stopping"');
  expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await expectHandedOver();
});

test.each<[Kind, string]>([
  ['once', 'waiting'],
  ['agent', 'succeeded'],
])('stop --kill ends all runs: the kind "%s" is %s in the end', async (kind, state) => {
  await startWithRun(kind, 3_600_000);
  const stop = spawnSync(process.execPath, [main, 'stop', '--kill', '--home', home.path], {
    env: home.env,
    encoding: 'utf8',
  });
  expect(stop.status, stop.stderr).toBe(0);
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  expect(home.processes()).toEqual({ runners: [], agents: [] });
  const next = home.start();
  const ended = await next.untilJob(id, (seen) => seen.state === state);
  expect(ended.runs[0]).toMatchObject({ verdict: 'interrupted' });
  expect([ended.attempts, ended.crashes]).toEqual([0, 0]);
  await next.end('SIGTERM');
  await expectOrder(home);
});

test('the watchdog ends a daemon whose loop is blocked, and the run goes on', async () => {
  await startWithRun('agent', 60_000, { more: ['--watchdog-ticks', '10'] });
  kill(daemon.pid, 'SIGUSR2');
  expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(daemon.lines().at(-1)).toContain('the watchdog ends the process');
  await expectHandedOver();
});
