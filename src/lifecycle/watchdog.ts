// Ends a process whose event loop is blocked for good, since nothing in that loop can. A thread counts its own ticks:
// when the machine sleeps or the process is stopped both stand still, so neither ends anything.

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Pulse } from './pulse.ts';
import type { Service } from './service.ts';

export interface WatchdogOptions {
  /** Silent ticks of the thread after which the process is ended. */
  readonly limitTicks?: number;
  readonly tickMs?: number;
}

/** What the thread is given. */
export interface WatchdogTask {
  /** One Int32: raised by the watched loop at each of its ticks. */
  readonly beats: SharedArrayBuffer;
  readonly limitTicks: number;
  readonly tickMs: number;
}

/** `pulse` is told of each tick of the watched loop. */
export function createWatchdog(
  { limitTicks = 30, tickMs = 2_000 }: WatchdogOptions = {},
  pulse?: Pulse,
): Service {
  const beats = new SharedArrayBuffer(4);
  const count = new Int32Array(beats);
  let timer: NodeJS.Timeout | null = null;
  let thread: Worker | null = null;
  return {
    async start() {
      const task: WatchdogTask = { beats, limitTicks, tickMs };
      timer = setInterval(() => {
        Atomics.add(count, 0, 1);
        pulse?.beat(tickMs);
      }, tickMs).unref();
      thread = new Worker(new URL(`./watchdog-thread${extname(import.meta.url)}`, import.meta.url), {
        workerData: task,
        resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
      });
      thread.unref();
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      await thread?.terminate();
      thread = null;
    },
  };
}
