// Homer's engines on its ledger, as the daemon runs them, with a handler that does nothing.

import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { createChance, newJobId } from '../src/core/ids.ts';
import { BullmqEngine } from '../src/engine/bullmq/engine.ts';
import { EmbeddedEngine } from '../src/engine/embedded.ts';
import type { Claim, Engine, EngineOptions } from '../src/engine/engine.ts';
import { noUsage, type RunReport } from '../src/ledger/run-record.ts';
import type { JobDraft } from '../src/ledger/jobs.ts';
import { openLedger } from '../src/ledger/ledger.ts';
import { prompt, type Contestant } from './contestant.ts';
import { cpuMicrosOf, residentMegabytes } from './process-usage.ts';
import { startRedis } from './redis-server.ts';

const done: RunReport = {
  verdict: 'done',
  text: 'ok',
  data: null,
  usage: noUsage,
  exitCode: 0,
  agentSessionId: null,
  tree: 'dead',
};

const chance = createChance(randomFillSync);

function draft(): JobDraft {
  const now = Date.now();
  return {
    id: newJobId(now, chance(now)),
    source: 'bench',
    key: null,
    bodyHash: '',
    lane: 'default',
    executor: 'shell',
    sessionId: null,
    prompt,
    cwd: '/',
    priority: 0,
    runAfter: null,
    maxAttempts: 3,
    maxCrashes: 3,
    timeoutMs: 1_800_000,
    onInterrupt: 'resume',
    notify: null,
  };
}

/** Over the ledger in `home`; `paused`: nothing that is put into it will run. */
export function openHomer(home: string, { paused = false } = {}): Promise<Contestant> {
  return open(home, paused, (options) => new EmbeddedEngine(options));
}

/** Claims go through BullMQ on a Redis of its own. */
export async function openHomerOverRedis(home: string): Promise<Contestant> {
  const redis = await startRedis(join(home, 'redis'), 'everysec');
  const url = `redis://127.0.0.1:${redis.port}`;
  const contestant = await open(
    home,
    false,
    (options) =>
      new BullmqEngine({ ...options, prefix: 'bench', url: async () => url, onTrouble: noTrouble }),
  );
  return {
    ...contestant,
    cpuMicros: () => contestant.cpuMicros() + cpuMicrosOf(redis.pid),
    memory: () => ({ ...contestant.memory(), server: residentMegabytes(redis.pid) }),
    close: async () => {
      await contestant.close();
      await redis.stop();
    },
  };
}

function noTrouble(error: Error | null): void {
  if (error !== null) throw error;
}

async function open(
  home: string,
  paused: boolean,
  openEngine: (options: EngineOptions) => Engine,
): Promise<Contestant> {
  const ledger = await openLedger({
    file: join(home, 'homer.db'),
    backups: join(home, 'backups'),
    boot: { bootId: 'bench', hostBootId: null, pid: process.pid, version: 'bench' },
    now: Date.now,
  });
  if (paused) await ledger.commit(() => ledger.lanes.setPaused('default', true, ledger.now()));
  let concurrency = 1;
  let engine: Engine | null = null;
  const enqueue = async (): Promise<void> => {
    await ledger.commit(() => ledger.jobs.accept(draft(), ledger.now()));
  };
  return {
    enqueue,
    fill: async (jobs) => {
      for (let left = jobs; left > 0; left -= 100)
        await Promise.all(Array.from({ length: Math.min(left, 100) }, enqueue));
    },
    work: async (limit, onStart, onEnd) => {
      concurrency = limit;
      const own = openEngine({
        ledger,
        lanes: () => ({ default: { concurrency, rate: null } }),
        onError: fail,
      });
      engine = own;
      await own.receive(async (claim: Claim) => {
        onStart();
        await ledger.commit(() => ledger.claims.settle(claim, done, ledger.now()));
        onEnd();
      });
      return () => own.close();
    },
    cpuMicros: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    memory: () => ({ process: residentMegabytes('self'), server: 0 }),
    close: async () => {
      await engine?.close();
      ledger.close('drained');
    },
  };
}

function fail(error: unknown): void {
  throw error;
}
