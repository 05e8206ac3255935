// The same suite over a Redis of its own, which keeps nothing and needs to keep nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startRedis, type RedisServer } from '../../bench/redis-server.ts';
import { BullmqEngine } from '../../src/engine/bullmq/engine.ts';
import { engineSuite } from './engine.suite.ts';

const directory = mkdtempSync(join(tmpdir(), 'homer-redis-'));
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis(directory, 'nothing');
});
afterAll(async () => {
  await redis.stop();
  rmSync(directory, { recursive: true, force: true });
});

engineSuite('bullmq', {
  capabilities: BullmqEngine.capabilities,
  open: async (options) =>
    new BullmqEngine({
      ...options,
      prefix: 'homer',
      url: async () => `redis://127.0.0.1:${redis.port}`,
      // A test that goes on without Redis would show nothing of it.
      onTrouble: (error) => {
        if (error !== null) options.onError(error);
      },
    }),
  quiet: async (engine) => {
    if (engine instanceof BullmqEngine) await engine.quiet();
  },
});
