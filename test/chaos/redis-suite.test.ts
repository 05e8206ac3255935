// What every engine promises, while Redis is struck again and again: all cases of the conformance suite, and a nemesis.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { startRedis, type RedisServer } from '../../bench/redis-server.ts';
import { BullmqEngine } from '../../src/engine/bullmq/engine.ts';
import { engineSuite } from '../conformance/engine.suite.ts';
import { startFaultProxy, type FaultProxy } from '../fixtures/fault-proxy.ts';
import { createRandom } from './nemesis.ts';

const directory = mkdtempSync(join(tmpdir(), 'homer-redis-'));
const seed = Date.now() % 1_000_000;
const random = createRandom(seed);
const over = new AbortController();
const struck: Record<string, number> = {};
let troubles = 0;
let redis: RedisServer;
let proxy: FaultProxy;
let striking: Promise<void>;

const blows: Readonly<Record<string, () => Promise<unknown>>> = {
  killed: async () => {
    await redis.stop();
    // For as long as its ghost is not there, connections are refused.
    await delay(random() * 300);
    redis = await startRedis(directory, 'nothing', { port: redis.port });
  },
  emptied: async () => {
    const own = new Redis({ port: redis.port, host: '127.0.0.1' });
    await own.flushall();
    own.disconnect();
  },
  'cut off': async () => proxy.cut(),
  frozen: async () => {
    proxy.freeze();
    await delay(random() * 100);
    proxy.thaw();
  },
};

/** Lets time pass between the blows, so that they fall anywhere. */
async function strike(): Promise<void> {
  const names = Object.keys(blows);
  while (!over.signal.aborted) {
    await delay(50 + random() * 400, undefined, { signal: over.signal }).catch(() => undefined);
    // Rarely frozen: each costs whoever waits for an offer its deadline.
    const name = random() < 0.05 ? 'frozen' : (names[Math.floor(random() * 3)] ?? 'killed');
    struck[name] = (struck[name] ?? 0) + 1;
    await blows[name]?.();
  }
}

beforeAll(async () => {
  redis = await startRedis(directory, 'nothing');
  proxy = await startFaultProxy(redis.port);
  striking = strike();
});
afterAll(async () => {
  over.abort();
  await striking;
  console.info(
    `seed ${seed}: Redis was ${JSON.stringify(struck)}, the engine went without it ${troubles} times`,
  );
  await proxy.close();
  await redis.stop();
  rmSync(directory, { recursive: true, force: true });
});

engineSuite('bullmq with Redis struck again and again', {
  capabilities: BullmqEngine.capabilities,
  open: async (options) =>
    new BullmqEngine({
      ...options,
      prefix: 'homer',
      url: async () => `redis://127.0.0.1:${proxy.port}`,
      onTrouble: (error) => {
        if (error !== null) troubles += 1;
      },
    }),
  quiet: async (engine) => {
    if (engine instanceof BullmqEngine) await engine.quiet();
  },
});
