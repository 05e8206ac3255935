// A daemon, its Redis, and workers as real processes with state directories of their own.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRedis, type RedisServer } from '../../bench/redis-server.ts';
import { directoryIdentity } from '../../src/lifecycle/lock.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { WorkerView } from '../../src/operations/workers.ts';
import { startFaultProxy, type FaultProxy } from '../fixtures/fault-proxy.ts';
import { startDaemon, type ChaosDaemon } from './chaos-daemon.ts';
import { createChaosHome, untilGone, type ChaosHome } from './chaos-home.ts';
import { findOwn } from '../../src/drill/own-processes.ts';
import { kill } from './processes.ts';

export interface WorkerOptions {
  readonly concurrency?: number;
  readonly lanes?: string;
  readonly labels?: string;
  /** `ip netns exec NAME`, for example. */
  readonly prefix?: readonly string[];
  /** Instead of the room's own. */
  readonly url?: string;
}

export interface ChaosWorker {
  readonly name: string;
  readonly home: string;
  readonly process: ChaosDaemon;
  readonly proxy: FaultProxy;
  /** Its runners, and all that they have started. */
  processes(): { readonly runners: readonly number[]; readonly agents: readonly number[] };
  /** Another process in the same state directory. */
  restart(): ChaosWorker;
}

export interface WorkerRoom {
  readonly home: ChaosHome;
  readonly redis: () => RedisServer;
  readonly url: string;
  start(): ChaosDaemon;
  /** Lets it in, starts it, resolves when the daemon sees it. */
  worker(daemon: ChaosDaemon, name: string, options?: WorkerOptions): Promise<ChaosWorker>;
  restartRedis(): Promise<void>;
  workers(daemon: ChaosDaemon): Promise<readonly WorkerView[]>;
  remove(): Promise<void>;
}

const agents = join(import.meta.dirname, '../fixtures/agents');

export interface RoomOptions {
  readonly leaseMs?: number;
  readonly config?: Record<string, unknown>;
  /** Merged into each command of the room's own. */
  readonly executor?: Record<string, unknown>;
  /** Of all hosts, beside those that are there anyway. */
  readonly executors?: Record<string, unknown>;
  /** Merged into config.yaml of workers. */
  readonly workerConfig?: Record<string, unknown>;
  /** Where Redis listens beside loopback. */
  readonly redisMore?: readonly string[];
}

export async function createWorkerRoom(options: RoomOptions = {}): Promise<WorkerRoom> {
  const { leaseMs = 6_000 } = options;
  const command = (script: string): object => ({
    kind: 'command',
    argv: ['sh', join(agents, script), '{prompt}'],
    idempotent: true,
    ...options.executor,
  });
  const asking = {
    kind: 'claude',
    bin: process.execPath,
    args: [join(agents, 'asking.ts')],
    permissions: 'ask',
  };
  let executors: Record<string, unknown> = {};
  const home = createChaosHome({
    config: (own) => {
      executors = {
        ...own,
        once: command('witness.sh'),
        pulse: command('pulse.sh'),
        asking,
        ...options.executors,
      };
      return {
        engine: { kind: 'bullmq', url: { env: 'REDIS_URL' } },
        drain: { timeoutMs: 200 },
        lanes: { default: { concurrency: 8 }, far: { concurrency: 8, labels: ['far'] } },
        executors,
        ...options.config,
      };
    },
  });
  const more = { more: options.redisMore ?? [] };
  let redis = await startRedis(join(home.base, 'redis'), 'nothing', more);
  const url = `redis://127.0.0.1:${redis.port}`;
  home.env['REDIS_URL'] = url;
  const all: ChaosWorker[] = [];
  const proxies: FaultProxy[] = [];

  const startWorker = (name: string, workerOptions: WorkerOptions, proxy: FaultProxy): ChaosWorker => {
    const { concurrency = 2, lanes, labels, prefix = [], url: other } = workerOptions;
    const path = join(home.base, `worker-${name}`);
    const flag = (key: string, value: string | undefined): string[] =>
      value === undefined ? [] : [key, value];
    const [file, ...args] = [
      ...prefix,
      process.execPath,
      join(import.meta.dirname, 'worker.ts'),
      path,
      other ?? `redis://127.0.0.1:${proxy.port}`,
      join(home.base, `${name}.token`),
      '--concurrency',
      String(concurrency),
      ...flag('--lanes', lanes),
      ...flag('--labels', labels),
    ];
    const worker: ChaosWorker = {
      name,
      home: path,
      process: startDaemon(path, home.env, { argv: [file ?? '', ...args] }),
      proxy,
      processes: () => findOwn(directoryIdentity(path)),
      restart: () => startWorker(name, workerOptions, proxy),
    };
    all.push(worker);
    return worker;
  };

  const room: WorkerRoom = {
    home,
    redis: () => redis,
    url,
    start: () => home.start({ more: ['--lease', String(leaseMs)] }),
    async worker(daemon, name, workerOptions = {}) {
      const { body } = await daemon.ask<{ token: string }>('POST', '/api/v1/workers', { name });
      const path = join(home.base, `worker-${name}`);
      mkdirSync(path, { mode: 0o700 });
      writeFileSync(join(home.base, `${name}.token`), body.token, { mode: 0o600 });
      writeFileSync(
        join(path, 'config.yaml'),
        JSON.stringify({ executors, drain: { timeoutMs: 200 }, ...options.workerConfig }),
      );
      const proxy = await startFaultProxy(redis.port);
      proxies.push(proxy);
      const worker = startWorker(name, workerOptions, proxy);
      await worker.process.ready;
      await worker.process.untilLine('"msg":"connected"');
      return worker;
    },
    async restartRedis() {
      const { port } = redis;
      await redis.stop();
      redis = await startRedis(join(home.base, 'redis'), 'nothing', { ...more, port });
    },
    async workers(daemon) {
      return (await daemon.ask<{ workers: WorkerView[] }>('GET', '/api/v1/workers')).body.workers;
    },
    async remove() {
      for (const worker of all) {
        await worker.process.end('SIGKILL');
        if (!existsSync(worker.home)) continue;
        for (const part of ['runners', 'agents'] as const)
          for (const pid of worker.processes()[part]) {
            kill(pid);
            await untilGone(pid);
          }
      }
      await home.remove();
      for (const proxy of proxies) await proxy.close();
      await redis.stop();
    },
  };
  return room;
}

/** Two runs of one job that lived at the same time leave this behind. */
export function overlaps(room: WorkerRoom): string[] {
  return [...room.home.accepted.values()]
    .filter(({ path }) => existsSync(`${path}.overlap`))
    .map(({ path }) => path);
}

/** How often the effect of a job was begun. */
export function effects(path: string): number {
  return existsSync(`${path}.effect`) ? readFileSync(`${path}.effect`, 'utf8').trim().split('\n').length : 0;
}

export const isDone = ({ state }: JobView): boolean => state === 'succeeded';
