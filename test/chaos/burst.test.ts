// A hundred submissions are acknowledged, and the daemon is killed at once.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChaosHome, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import { expectOrder } from './vocabulary.ts';

let home: ChaosHome;
beforeEach(() => {
  home = createChaosHome();
});
afterEach(() => home.remove());

test('all of a hundred acknowledged jobs end exactly once after a kill -9', async () => {
  const jobs = Array.from({ length: 100 }, () => home.plan('again'));
  const first = home.start();
  await first.ready;
  await Promise.all(jobs.map((job) => home.submit(first, job)));
  await first.end('SIGKILL');
  expect(home.accepted.size).toBe(100);

  const second = home.start();
  await second.until(async () => {
    const { body } = await second.ask<{ jobs: unknown[] }>('GET', '/api/v1/jobs?state=succeeded&limit=500');
    return body.jobs.length === 100;
  });
  await second.end('SIGTERM');
  const books = await expectOrder(home);
  expect(books.jobs.map(({ state }) => state)).toEqual(Array(100).fill('succeeded'));
  expect(books.runs).toHaveLength(100);
});

test('a sender who saw no acknowledgement and repeats gets one job, not two', async () => {
  const jobs: ChaosJob[] = Array.from({ length: 30 }, () => home.plan('again'));
  const first = home.start({ kill: '1-accepted:12' });
  await Promise.allSettled(jobs.map((job) => home.submit(first, job)));
  await first.exited;
  const second = home.start();
  const ids = await Promise.all(jobs.map(async (job) => (await home.submit(second, job)).id));
  expect(new Set(ids).size).toBe(30);
  await second.until(async () => {
    const { body } = await second.ask<{ jobs: unknown[] }>('GET', '/api/v1/jobs?state=succeeded&limit=500');
    return body.jobs.length === 30;
  });
  await second.end('SIGTERM');
  expect((await expectOrder(home)).jobs).toHaveLength(30);
});
