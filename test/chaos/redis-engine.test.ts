// The BullMQ engine in this process, over a Redis that is killed, flushed, frozen, filled up and lied to: what the ledger
// accepted is handed out all the same, each job once, and accepting never waits for Redis.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type Persistence, type RedisServer } from '../../bench/redis-server.ts';
import type { JobId } from '../../src/core/ids.ts';
import { BullmqEngine } from '../../src/engine/bullmq/engine.ts';
import { EngineRoom, type EngineDriver } from '../conformance/engine-room.ts';
import { startFaultProxy, type FaultProxy } from '../fixtures/fault-proxy.ts';

const lanes = { default: { concurrency: 4, rate: null }, probe: { concurrency: 1, rate: null } };

let directory: string;
let redis: RedisServer;
let proxy: FaultProxy;
/** What the engine told of Redis: the message of its trouble, null when it was over. */
let told: (string | null)[];
let whenTold: (() => void)[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homer-redis-'));
  told = [];
  whenTold = [];
});
afterEach(async () => {
  await proxy.close();
  await redis.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(persistence: Persistence): Promise<void> {
  redis = await startRedis(directory, persistence);
  proxy = await startFaultProxy(redis.port);
}

async function restart(persistence: Persistence): Promise<void> {
  await redis.stop();
  redis = await startRedis(directory, persistence, { port: redis.port });
}

const driver: EngineDriver = {
  capabilities: BullmqEngine.capabilities,
  open: async (options) =>
    new BullmqEngine({
      ...options,
      prefix: 'homer',
      url: async () => `redis://127.0.0.1:${proxy.port}`,
      onTrouble: (error) => {
        told.push(error?.message ?? null);
        for (const resolve of whenTold.splice(0)) resolve();
      },
    }),
  quiet: async (engine) => {
    if (engine instanceof BullmqEngine) await engine.quiet();
  },
};

/** Resolves when the engine tells something of Redis that `sees` is true of, from now on. */
async function untilTold(sees: (message: string | null) => boolean): Promise<void> {
  for (let next = told.length; ; next++) {
    while (told.length <= next) await new Promise<void>((resolve) => whenTold.push(resolve));
    if (sees(told[next] ?? null)) return;
  }
}
const untilAway = (): Promise<void> => untilTold((message) => message !== null);
const untilBack = (): Promise<void> => untilTold((message) => message === null);

async function client<Value>(use: (client: Redis) => Promise<Value>): Promise<Value> {
  const own = new Redis({ port: redis.port, host: '127.0.0.1' });
  try {
    return await use(own);
  } finally {
    own.disconnect();
  }
}

const prefixOf = (room: EngineRoom): string => `homer:${room.ledger.generation}`;

function expectOnce(room: EngineRoom, ids: readonly JobId[]): void {
  for (const id of ids) {
    expect(room.state(id)).toBe('succeeded');
    expect(room.ledger.claims.runsOf(id)).toHaveLength(1);
  }
  const jobs = room.handedOut.map(({ jobId }) => jobId);
  expect(new Set(jobs).size).toBe(jobs.length);
}

/** Settles all of them as they come. */
async function workOff(room: EngineRoom, jobs: number): Promise<void> {
  for (let ended = 0; ended < jobs; ended++) {
    const claim = await room.next();
    await room.ledger.commit(() => room.ledger.claims.settle(claim, { ...report, text: 'answer' }, room.now));
    room.endWork(claim);
  }
}
const report = {
  verdict: 'done',
  data: null,
  usage: { inputTokens: null, outputTokens: null, costUsd: null },
  exitCode: 0,
  agentSessionId: null,
  tree: 'dead',
} as const;

describe('while jobs come and go', () => {
  const blows: Record<string, (persistence: Persistence) => Promise<unknown>> = {
    'Redis is killed': (persistence) => restart(persistence),
    'everything in Redis is thrown away': () => client((own) => own.flushall()),
    'connections are reset': async () => proxy.cut(),
    'connections go dead without a word': async () => {
      const back = untilBack();
      proxy.freeze();
      proxy.thaw();
      await back;
    },
    'clients are killed by Redis': () => client((own) => own.call('CLIENT', 'KILL', 'TYPE', 'normal')),
  };
  test.each(['everysec', 'snapshots'] as const)(
    '%s: whatever happens to Redis, each is handed out once',
    async (persistence) => {
      await start(persistence);
      await EngineRoom.with(driver, lanes, async (room) => {
        const ids: JobId[] = [];
        let slowest = 0;
        for (const [, blow] of [...Object.entries(blows), ...Object.entries(blows)]) {
          const struck = Promise.all([blow(persistence), workOff(room, 60)]);
          for (let i = 0; i < 60; i++) {
            const before = performance.now();
            const { id } = await room.ledger.commit(() => room.ledger.jobs.accept(room.draft(), room.now));
            slowest = Math.max(slowest, performance.now() - before);
            ids.push(id);
          }
          await struck;
        }
        await room.quiet();
        expectOnce(room, ids);
        await room.nothingElse();
        // Nobody who sends a job waits for Redis; the longest is a busy disk, or this machine.
        expect(slowest).toBeLessThan(2_000);
      });
    },
  );
});

describe('while Redis is away', () => {
  test('claims come from the ledger at once, and through Redis again when it is back', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      const away = untilAway();
      await redis.stop();
      await away;
      expect(told.at(-1)).toContain(`redis at 127.0.0.1:${proxy.port}`);
      expect(room.engine.transport()?.state).toBe('away');
      const ids = [await room.accept(), await room.accept()];
      for (const id of ids) await room.settle(await room.nextFor(id));
      const back = untilBack();
      redis = await startRedis(directory, 'nothing', { port: redis.port });
      await back;
      ids.push(await room.accept());
      await room.settle(await room.nextFor(ids[2] ?? never()));
      expectOnce(room, ids);
      expect(await seenByRedis(room)).toEqual([ids[2]]);
      expect(room.engine.transport()).toEqual({
        kind: 'redis',
        state: 'up',
        durability: expect.stringMatching(/^redis \S+: keeps nothing over a restart/) as string,
        warnings: [],
      });
    });
  });

  test('a job that was on its way through Redis when it died is not forgotten', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      const away = untilAway();
      proxy.freeze();
      // Sent into the dark; nobody has noticed yet.
      const { id } = await room.ledger.commit(() => room.ledger.jobs.accept(room.draft(), room.now));
      await room.settle(await room.nextFor(id));
      await away;
      expectOnce(room, [id]);
    });
  });

  test('closing does not wait for it', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      proxy.freeze();
      await room.ledger.commit(() => room.ledger.jobs.accept(room.draft(), room.now));
      const before = performance.now();
      await room.engine.close();
      expect(performance.now() - before).toBeLessThan(2_500);
    });
  });
});

test('what an earlier daemon left in Redis is thrown away, also where no lane is used any more', async () => {
  await start('nothing');
  await EngineRoom.with(driver, lanes, async (room) => {
    const connection = new Redis({ port: redis.port, host: '127.0.0.1', maxRetriesPerRequest: null });
    const left = new Queue('gone', { connection, prefix: prefixOf(room) });
    await connection.sadd(`${prefixOf(room)}:lanes`, 'gone');
    const ended = await room.accept();
    await room.settle(await room.nextFor(ended));
    await left.addBulk([1, 2].map(() => ({ name: 'offer', data: { jobs: [ended] } })));
    await room.restart('by a crash');
    expect(await left.getJobCountByTypes('waiting', 'prioritized', 'delayed')).toBe(0);
    await left.close();
    connection.disconnect();
  });
});

describe('a Redis that', () => {
  test('forgets what it was told: the job is claimed all the same', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      // Nobody takes from this queue, so what was put into it can be lost.
      await client((own) => own.hset(`${prefixOf(room)}:default:meta`, 'paused', '1'));
      const { id } = await room.ledger.commit(() => room.ledger.jobs.accept(room.draft(), room.now));
      await client((own) => own.flushall());
      await room.settle(await room.nextFor(id));
      expectOnce(room, [id]);
    });
  });

  test('is full takes nothing more: jobs go on without it', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      await client((own) => own.config('SET', 'maxmemory', '1'));
      const id = await room.accept();
      await room.settle(await room.nextFor(id));
      expect(told.some((message) => message?.includes('OOM'))).toBe(true);
    });
  });

  test('becomes a replica is no longer used', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      const refused = untilTold((message) => message?.includes('takes no writes') === true);
      await client((own) => own.replicaof('127.0.0.1', '1'));
      proxy.cut();
      await refused;
      await room.settle(await room.nextFor(await room.accept()));
      const back = untilBack();
      await client((own) => own.replicaof('NO', 'ONE'));
      await back;
    });
  });

  test('wants a password is told it, and nobody else is', async () => {
    redis = await startRedis(directory, 'nothing', { more: ['--requirepass', 'hunter2'] });
    proxy = await startFaultProxy(redis.port);
    let password = 'wrong-secret';
    const withPassword: EngineDriver = {
      ...driver,
      open: async (options) =>
        new BullmqEngine({
          ...options,
          prefix: 'homer',
          url: async () => `redis://:${password}@127.0.0.1:${proxy.port}`,
          onTrouble: (error) => {
            expect(JSON.stringify([error, error?.message, error?.stack, error?.cause])).not.toContain(
              'secret',
            );
            told.push(error?.message ?? null);
            for (const resolve of whenTold.splice(0)) resolve();
          },
        }),
    };
    await EngineRoom.with(withPassword, lanes, async (room) => {
      expect(told.at(-1)).toMatch(/WRONGPASS|NOAUTH|invalid/);
      const back = untilBack();
      // Whoever looks after it mends the secret; Homer asks for it at every attempt.
      password = 'hunter2';
      await back;
      await room.settle(await room.nextFor(await room.accept()));
    });
  });
});

describe("BullMQ's own ways to fail", () => {
  test('A: a worker that died again and again with the job in its hands does not fail the job', async () => {
    await start('everysec');
    await EngineRoom.with(driver, lanes, async (room) => {
      const id = await room.accept();
      for (let death = 0; death < 5; death++) {
        await room.nextFor(id);
        await room.restart('by a crash');
      }
      await room.settle(await room.nextFor(id));
      expect(room.ledger.jobs.get(id)).toMatchObject({ state: 'succeeded', crashes: 0, attempts: 0 });
      await client(async (own) => {
        expect(await own.keys(`${prefixOf(room)}:default:failed`)).toEqual([]);
      });
    });
  });

  test('B: an offer that is delivered twice, or long after its time, makes no second run', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      const id = await room.accept();
      const claim = await room.nextFor(id);
      const connection = new Redis({ port: redis.port, host: '127.0.0.1', maxRetriesPerRequest: null });
      const queue = new Queue('default', { connection, prefix: prefixOf(room) });
      const again = { name: 'offer', data: { jobs: [id] } };
      await queue.addBulk(Array.from({ length: 50 }, () => again));
      await room.nothingElse();
      await room.settle(claim);
      await queue.addBulk(Array.from({ length: 50 }, () => again));
      // An unknown job, and no job at all.
      await queue.add('offer', { jobs: ['job_unknown', id, 7, null] });
      await queue.add('offer', {});
      await queue.add('offer', null);
      await queue.add('offer', { jobs: { toString: 'x' } });
      await room.nothingElse();
      while ((await queue.getJobCountByTypes('waiting', 'active')) > 0)
        await room.settle(await room.nextFor(await room.accept()));
      expect(room.ledger.claims.runsOf(id)).toHaveLength(1);
      await queue.close();
      connection.disconnect();
    });
  });

  test('B: a worker elsewhere that takes an offer and freezes does not keep the job', async () => {
    await start('nothing');
    await EngineRoom.with(driver, lanes, async (room) => {
      await room.settle(await room.nextFor(await room.accept()));
      const connection = new Redis({ port: redis.port, host: '127.0.0.1', maxRetriesPerRequest: null });
      const queue = new Queue('default', { connection, prefix: prefixOf(room) });
      const took = Promise.withResolvers<void>();
      const thief = new Worker(
        'default',
        () => {
          took.resolve();
          return new Promise(() => undefined);
        },
        { connection, prefix: prefixOf(room), concurrency: 100 },
      );
      await thief.waitUntilReady();
      // The daemon takes what it offers in the same breath: nobody comes between, unless it could not.
      await queue.pause();
      const { id } = await room.ledger.commit(() => room.ledger.jobs.accept(room.draft(), room.now));
      while ((await queue.getJobCountByTypes('waiting')) === 0) await nextTurn();
      await queue.resume();
      await took.promise;
      await room.settle(await room.nextFor(id));
      await thief.close(true);
      await queue.close();
      connection.disconnect();
      await room.quiet();
      for (const { jobId, runId } of room.handedOut) {
        expect(room.ledger.claims.runsOf(jobId)).toHaveLength(1);
        expect(room.ledger.claims.findRun(runId)?.jobId).toBe(jobId);
      }
    });
  });

  test('C: after a crash in the middle of everything, work goes on at once and not after a minute', async () => {
    await start('everysec');
    await EngineRoom.with(driver, lanes, async (room) => {
      await room.acceptAll(Array.from({ length: 40 }, () => ({})));
      for (let claims = 0; claims < 4; claims++) await room.next();
      const before = performance.now();
      await room.restart('by a crash');
      await room.next();
      expect(performance.now() - before).toBeLessThan(5_000);
    });
  });
});

/** The jobs whose offers were answered in this Redis, as BullMQ's own events tell. */
async function seenByRedis(room: EngineRoom): Promise<string[]> {
  const events = await client((own) => own.xrange(`${prefixOf(room)}:default:events`, '-', '+'));
  return events.flatMap(([, fields]) =>
    fields[fields.indexOf('event') + 1] === 'completed'
      ? [fields[fields.indexOf('jobId') + 1]?.split('.', 1)[0] ?? '']
      : [],
  );
}

function never(): never {
  throw new Error('The list is shorter than what was put into it.');
}
