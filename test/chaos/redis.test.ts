// A real daemon with `engine: { kind: bullmq }`, while its Redis is killed, emptied, frozen or was never there. Each run
// writes down that it was; a second one of the same job that lives at the same time bears witness to it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../../bench/redis-server.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import { startFaultProxy, type FaultProxy } from '../fixtures/fault-proxy.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { createChaosHome, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import { expectOrder } from './vocabulary.ts';

interface HealthReport {
  readonly status: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly engine: {
    readonly kind: string;
    readonly transport: { readonly state: string; readonly durability: string | null } | null;
  };
}

const witness = join(import.meta.dirname, '../fixtures/agents/witness.sh');
let redis: RedisServer | null;
let proxy: FaultProxy;
let home: ChaosHome;

beforeEach(async () => {
  const port = await freePort();
  redis = null;
  proxy = await startFaultProxy(port);
  home = createChaosHome({
    config: (executors) => ({
      engine: { kind: 'bullmq', url: { env: 'REDIS_URL' } },
      drain: { timeoutMs: 200 },
      executors: { ...executors, once: { kind: 'command', argv: ['sh', witness, '{prompt}'] } },
    }),
  });
  home.env['REDIS_URL'] = `redis://:hunter2@127.0.0.1:${proxy.port}`;
  redisPort = port;
});
afterEach(async () => {
  await home.remove();
  await proxy.close();
  await redis?.stop();
});
let redisPort: number;

async function startOwn(persistence: 'everysec' | 'snapshots' | 'nothing'): Promise<void> {
  redis = await startRedis(join(home.base, 'redis'), persistence, {
    port: redisPort,
    more: ['--requirepass', 'hunter2'],
  });
}

async function flush(): Promise<void> {
  const own = new Redis({ port: redisPort, host: '127.0.0.1', password: 'hunter2' });
  await own.flushall();
  own.disconnect();
}

async function health(daemon: ChaosDaemon): Promise<HealthReport> {
  return (await daemon.ask<HealthReport>('GET', '/health')).body;
}

function useEngine(engine: unknown): void {
  const file = join(home.path, 'config.yaml');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, engine }));
}

const isAtRest = async (daemon: ChaosDaemon): Promise<boolean> => {
  const { body } = await daemon.ask<{ jobs: JobView[] }>('GET', '/api/v1/jobs?limit=500');
  return body.jobs.every(({ state }) => ['succeeded', 'failed', 'cancelled', 'waiting'].includes(state));
};

/** All succeeded in one run, no two of one job lived at a time, and the password of Redis is nowhere in the log. */
async function expectDone(daemons: readonly ChaosDaemon[]): Promise<void> {
  const books = await expectOrder(home);
  expect(books.jobs.map(({ state }) => state)).toEqual(Array(home.accepted.size).fill('succeeded'));
  expect(books.runs).toHaveLength(home.accepted.size);
  for (const { path } of home.accepted.values()) expect(existsSync(`${path}.overlap`)).toBe(false);
  for (const daemon of daemons) expect(daemon.lines().join('\n')).not.toContain('hunter2');
}

test('a Redis that was never there stops nothing, and Homer says so until it comes', async () => {
  const daemon = home.start();
  expect(await daemon.ready).not.toBeNull();
  const job = await home.submit(daemon, home.plan('once'));
  await daemon.untilJob(job.id, ({ state }) => state === 'succeeded');
  const away = await health(daemon);
  expect(away).toMatchObject({
    status: 'warn',
    engine: { kind: 'bullmq', transport: { state: 'away', durability: null } },
  });
  expect(away.problems).toEqual([
    expect.objectContaining({
      code: 'HOMER_REDIS',
      message: expect.stringContaining(`redis at 127.0.0.1:${proxy.port}`) as string,
    }),
  ]);
  await startOwn('everysec');
  await daemon.untilLine('redis is back');
  expect(await health(daemon)).toMatchObject({
    status: 'pass',
    problems: [],
    engine: {
      transport: {
        state: 'up',
        durability: expect.stringMatching(
          /^redis \S+: everysec, can lose the last second; Homer sends it again from the ledger$/,
        ) as string,
      },
    },
  });
  await daemon.end('SIGTERM');
  await expectDone([daemon]);
});

test('killed, emptied, cut off and frozen in turn, with the daemon killed in between: all is done once', async () => {
  await startOwn('snapshots');
  const daemons = [home.start()];
  let daemon = daemons[0] as ChaosDaemon;
  const blows: (() => Promise<unknown>)[] = [
    async () => {
      await redis?.stop();
      await startOwn('snapshots');
    },
    flush,
    async () => proxy.cut(),
    async () => {
      await redis?.stop();
      await daemon.end('SIGKILL');
      daemon = home.start();
      daemons.push(daemon);
      await startOwn('snapshots');
    },
    async () => {
      proxy.freeze();
      proxy.thaw();
    },
    async () => {
      await daemon.end('SIGKILL');
      await flush();
      daemon = home.start();
      daemons.push(daemon);
    },
  ];
  const gated: ChaosJob[] = [];
  for (const blow of blows) {
    const jobs = Array.from({ length: 8 }, (_, index) => home.plan('once', index % 4 === 0));
    gated.push(...jobs.filter((_, index) => index % 4 === 0));
    await Promise.all(jobs.map((job) => home.submit(daemon, job)));
    await jobs[0]?.began();
    await blow();
    // Those under way when it fell go on now; the next blow falls on others.
    for (const job of gated.splice(0)) job.release();
  }
  await daemon.until(() => isAtRest(daemon));
  await daemon.end('SIGTERM');
  await expectDone(daemons);
});

test('frozen for long: jobs are accepted and done without it, and with it again afterwards', async () => {
  await startOwn('nothing');
  const daemon = home.start();
  await daemon.ready;
  const running = home.plan('once', true);
  await home.submit(daemon, running);
  await running.began();
  proxy.freeze();
  const during = await Promise.all([1, 2, 3].map(() => home.submit(daemon, home.plan('once'))));
  for (const { id } of during) await daemon.untilJob(id, ({ state }) => state === 'succeeded');
  expect((await health(daemon)).engine.transport?.state).toBe('away');
  // What ran before it froze settles meanwhile too.
  running.release();
  await daemon.until(() => isAtRest(daemon));
  proxy.thaw();
  await daemon.untilLine('redis is back');
  const after = await home.submit(daemon, home.plan('once'));
  await daemon.untilJob(after.id, ({ state }) => state === 'succeeded');
  await daemon.end('SIGTERM');
  await expectDone([daemon]);
});

test('the engine is changed with jobs queued, there and back: none is lost, none is done twice', async () => {
  await startOwn('nothing');
  const bullmq = { kind: 'bullmq', url: { env: 'REDIS_URL' } };
  const daemons: ChaosDaemon[] = [];
  const running: ChaosJob[] = [];
  for (const [index, engine] of [bullmq, { kind: 'embedded' }, bullmq].entries()) {
    useEngine(engine);
    const daemon = home.start();
    daemons.push(daemon);
    await daemon.ready;
    expect((await health(daemon)).engine.kind).toBe(engine.kind);
    // The first fills the lane, so that the rest is still queued when the engine changes.
    const jobs = Array.from({ length: 8 }, (_, nth) => home.plan('once', nth < 4));
    for (const job of jobs) await home.submit(daemon, job);
    if (index === 0) for (const job of jobs.slice(0, 4)) await job.began();
    running.push(...jobs.slice(0, 4));
    if (index < 2) await daemon.end(index === 0 ? 'SIGKILL' : 'SIGTERM');
    else {
      for (const job of running) job.release();
      await daemon.until(() => isAtRest(daemon));
      await daemon.end('SIGTERM');
    }
  }
  await expectDone(daemons);
});
