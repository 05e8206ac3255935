// Operations on workers on other hosts.

import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { RemoteRuns, WorkerLook } from '../worker/remote/remote-runs.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface WorkerOperationsOptions {
  readonly remote: RemoteRuns;
  readonly engine: Engine;
  readonly config: () => Config;
}

export const workerView = z.object({
  /** Null: the daemon's own host. */
  name: z.string().nullable(),
  state: z.enum(['up', 'draining', 'away', 'new']),
  host: z.string().nullable(),
  version: z.string().nullable(),
  /** Null: all. */
  lanes: z.array(z.string()).nullable(),
  labels: z.array(z.string()),
  executors: z.array(z.string()),
  running: z.int(),
  /** Runs at a time; null: as many as the lanes allow, or unknown. */
  concurrency: z.int().nullable(),
  lastSeenAt: z.iso.datetime().nullable(),
});

export type WorkerView = z.infer<typeof workerView>;

function viewWorker(look: WorkerLook): WorkerView {
  const isNew = look.name !== null && look.lastSeenAt === null;
  return {
    name: look.name,
    state: look.isUp
      ? 'up'
      : look.drains
        ? 'draining'
        : isNew
          ? 'new'
          : look.name === null
            ? 'draining'
            : 'away',
    host: look.hostname,
    version: look.version,
    lanes: look.lanes === null ? null : [...look.lanes],
    labels: [...look.labels],
    executors: [...look.executors],
    running: look.running,
    concurrency:
      Number.isFinite(look.concurrency) && (look.name === null || look.hostname !== null)
        ? look.concurrency
        : null,
    lastSeenAt: look.lastSeenAt === null ? null : new Date(look.lastSeenAt).toISOString(),
  };
}

export function workerOperations({ remote, engine, config }: WorkerOperationsOptions): readonly Operation[] {
  const output = z.object({ workers: z.array(workerView) });
  return [
    defineOperation({
      name: 'workers.list',
      input: z.strictObject({}),
      output,
      async handle() {
        return { output: { workers: remote.look().map(viewWorker) } };
      },
    }),
    defineOperation({
      name: 'workers.add',
      input: z.strictObject({
        name: z.string().min(1).max(32),
        lanes: z.array(z.string().min(1).max(64)).min(1).max(256).optional(),
      }),
      output: z.object({ name: z.string(), token: z.string() }),
      async handle({ name, lanes }) {
        if (engine.kind !== 'bullmq')
          throw new HomerError('HOMER_WORKERS_OFF', 'The engine is "embedded", which reaches no other host.');
        const known = config().lanes;
        const unknown = lanes?.find((lane) => !Object.hasOwn(known, lane));
        if (unknown !== undefined)
          throw new HomerError(
            'HOMER_LANE_UNKNOWN',
            `There is no lane "${unknown}". There are: ${Object.keys(known).join(', ')}.`,
          );
        return { output: { name, token: await remote.add(name, lanes ?? null) } };
      },
    }),
    defineOperation({
      name: 'workers.remove',
      input: z.strictObject({ name: z.string().min(1).max(32) }),
      output,
      async handle({ name }) {
        await remote.remove(name);
        return { output: { workers: remote.look().map(viewWorker) } };
      },
    }),
  ];
}
