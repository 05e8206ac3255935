// The daemon is killed at every point of a task's path. Its runner is not: whatever was acknowledged ends as if nothing had been.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isEnded } from '../../src/core/job.ts';
import { createChaosHome, kinds, type ChaosHome, type ChaosJob, type Kind } from './chaos-home.ts';
import type { StartOptions } from './chaos-daemon.ts';
import { expectOrder, readBooks, type Books } from './vocabulary.ts';

/** Every waypoint the sources name, so that a new one cannot be forgotten here. */
const waypoints = [
  ...(/type Waypoint =([^;]*);/
    .exec(readFileSync(join(import.meta.dirname, '../../src/lifecycle/waypoint.ts'), 'utf8'))?.[1]
    ?.matchAll(/'([^']+)'/g) ?? []),
].map(([, point = '']) => point);

let home: ChaosHome;
beforeEach(() => {
  home = createChaosHome();
});
afterEach(() => home.remove());

/** Sends the job to a daemon that dies on its way; whether it was acknowledged is not known, as in life. */
async function submitToDoomed(job: ChaosJob, options: StartOptions): Promise<void> {
  const doomed = home.start(options);
  await home.submit(doomed, job).catch(() => undefined);
  expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
}

/** The sender repeats; resolves when the job has ended and the daemon is down in order. */
async function recover(job: ChaosJob): Promise<Books> {
  const daemon = home.start();
  const { id } = await home.submit(daemon, job);
  await daemon.untilJob(id, ({ state }) => isEnded(state as never));
  expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  return expectOrder(home);
}

function expectDoneOnce(books: Books, job: ChaosJob): void {
  const row = books.jobs.find(({ key }) => key === job.key);
  expect(row).toMatchObject({ state: 'succeeded' });
  const runs = books.runs.filter(({ job_id }) => job_id === row?.id);
  expect(runs.map(({ verdict }) => verdict)).toEqual(['done']);
}

test('the points are known', () => {
  expect(waypoints.length).toBeGreaterThanOrEqual(9);
});

describe.each(waypoints)('killed at %s', (point) => {
  test.each(kinds)('a job of the kind "%s" is done once, by one run', async (kind) => {
    const job = home.plan(kind);
    await submitToDoomed(job, { kill: point });
    expectDoneOnce(await recover(job), job);
  });
});

describe.each(kinds)('a job of the kind "%s"', (kind: Kind) => {
  test('is done once though the daemon dies at every point of the recovery too', async () => {
    const job = home.plan(kind, true);
    await submitToDoomed(job, { kill: '6-spawned' });
    await job.began();
    for (const point of ['7-followed', '7-ended', '8-settled']) {
      const doomed = home.start({ kill: point });
      if (point === '7-followed') {
        expect(await doomed.ready).not.toBeNull();
        job.release();
      }
      expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
    }
    expectDoneOnce(await recover(job), job);
  });

  test('is adopted as it is, not started again, when the daemon dies in the middle of it', async () => {
    const job = home.plan(kind, true);
    await submitToDoomed(job, { kill: '6-spawned' });
    await job.began();
    const [runner] = home.processes().runners;
    const daemon = home.start();
    await daemon.ready;
    expect(home.processes().runners).toEqual([runner]);
    const { id } = await home.submit(daemon, job);
    job.release();
    await daemon.untilJob(id, ({ state }) => state === 'succeeded');
    await daemon.end('SIGTERM');
    expectDoneOnce(await expectOrder(home), job);
    expect(readBooks(home.path).events.filter(({ type }) => type === 'run.adopted')).toHaveLength(1);
  });
});
