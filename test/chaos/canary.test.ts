// The canary in a real daemon: through intake, ledger, engine and runner; seen by nobody; and red when nothing gets through.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freePort, startRedis } from '../../bench/redis-server.ts';
import type { StatusAnswer } from '../../src/cli/answers.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';

interface Report {
  readonly daemon: string;
  readonly status: string;
  readonly metrics: { readonly jobsProcessed: number; readonly jobsQueued: number };
  readonly checks: Readonly<Record<string, readonly { readonly status: string; readonly output?: string }[]>>;
  readonly canary: { readonly state: string; readonly lastEndedAt: string | null };
  readonly backup: { readonly current: boolean };
}

let home: ChaosHome;
afterEach(() => home.remove());

const report = async (daemon: ChaosDaemon): Promise<Report> =>
  (await daemon.ask<Report>('GET', '/health')).body;
const untilCanary = (daemon: ChaosDaemon, state: string): Promise<void> =>
  expect
    .poll(async () => (await report(daemon)).canary.state, { timeout: 60_000, interval: 200 })
    .toBe(state);
const passedAt = async (daemon: ChaosDaemon): Promise<string | null> =>
  (await report(daemon)).canary.lastEndedAt;

test('it comes through, again and again, and is nobody’s work', async () => {
  home = createChaosHome({ config: { canary: { every: '10s' }, budget: { costUsd: 1 } } });
  const daemon = home.start();
  await daemon.ready;
  expect(await report(daemon)).toMatchObject({ daemon: 'healthy', canary: { state: 'waiting' } });
  const { body: before } = await daemon.ask<{ seq?: number }>('GET', '/api/v1/status');
  expect(before).toMatchObject({ health: { state: 'healthy' } });
  await untilCanary(daemon, 'through');
  const first = await passedAt(daemon);
  await expect.poll(() => passedAt(daemon), { timeout: 60_000, interval: 200 }).not.toBe(first);

  expect(await report(daemon)).toMatchObject({
    daemon: 'healthy',
    status: 'pass',
    metrics: { jobsProcessed: 0, jobsQueued: 0 },
    checks: { canary: [{ status: 'pass' }], ledger: [{ status: 'pass' }], engine: [{ status: 'pass' }] },
  });
  expect((await daemon.ask('GET', '/api/v1/jobs')).body).toEqual({ jobs: [], nextCursor: null });
  const { body: status } = await daemon.ask<StatusAnswer>('GET', '/api/v1/status');
  expect(status).toMatchObject({ queued: 0, running: [], next: [], needsYou: [] });
  expect(status.lanes.map(({ lane }) => lane)).toEqual(['default']);
  const { body: digest } = await daemon.ask<{ succeeded: object }>('GET', '/api/v1/digest');
  expect(digest.succeeded).toMatchObject({ total: 0 });
  const { body: spending } = await daemon.ask<object>('GET', '/api/v1/spending');
  expect(JSON.stringify(spending)).not.toContain('~canary');
  // The one before the last has left nothing behind.
  expect(readdirSync(join(home.path, 'runs'))).toHaveLength(1);
  await daemon.end('SIGTERM');
  const events = execFileSync(
    process.execPath,
    [
      '-e',
      `const { DatabaseSync } = require('node:sqlite'); const db = new DatabaseSync(process.argv[1], { readOnly: true });
       console.log(JSON.stringify([db.prepare("SELECT count(*) AS n FROM jobs").get().n,
         db.prepare("SELECT count(*) AS n FROM events WHERE job_id IS NOT NULL").get().n]))`,
      join(home.path, 'homer.db'),
    ],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(events)).toEqual([1, 0]);
});

test('it goes through Redis where that is the engine', async () => {
  const port = await freePort();
  home = createChaosHome({
    config: { canary: { every: '10s' }, engine: { kind: 'bullmq', url: `redis://127.0.0.1:${port}` } },
  });
  const redis = await startRedis(join(home.base, 'redis'), 'nothing', { port });
  try {
    const daemon = home.start();
    await daemon.ready;
    await untilCanary(daemon, 'through');
    await daemon.end('SIGTERM');
  } finally {
    await redis.stop();
  }
});

test('it is red when no runner can be started, and green again once one can', async () => {
  home = createChaosHome({ config: { canary: { every: '10s' } } });
  const broken = join(home.base, 'broken.js');
  writeFileSync(broken, 'process.exit(1);\n');
  const bad = home.start({ more: ['--runner', broken] });
  await bad.ready;
  await untilCanary(bad, 'late');
  const down = await bad.ask<Report>('GET', '/health');
  expect(down).toMatchObject({ status: 503, body: { daemon: 'down', status: 'fail' } });
  const { body: status } = await bad.ask<StatusAnswer>('GET', '/api/v1/status');
  expect(status).toMatchObject({
    daemon: 'down',
    health: { state: 'down' },
    problems: [{ code: 'HOMER_CANARY_LATE' }],
    needsYou: [],
  });
  await bad.end('SIGKILL');

  const good = home.start();
  await good.ready;
  await untilCanary(good, 'through');
  expect(await good.ask('GET', '/health')).toMatchObject({ status: 200, body: { daemon: 'healthy' } });
  expect(existsSync(join(home.path, 'runs'))).toBe(true);
});
