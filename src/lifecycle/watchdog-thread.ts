// The thread of the watchdog: a program of its own, so this file does its work when it is loaded.

import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { WatchdogTask } from './watchdog.ts';

const { beats, limitTicks, tickMs } = workerData as WatchdogTask;
const count = new Int32Array(beats);
let last = Atomics.load(count, 0);
let silent = 0;

setInterval(() => {
  const now = Atomics.load(count, 0);
  silent = now === last ? silent + 1 : 0;
  last = now;
  if (silent < limitTicks) return;
  const message = `The event loop did not turn for ${(silent * tickMs) / 1000} s; the watchdog ends the process.`;
  // The loop that owns the log is the one that hangs: written directly.
  writeSync(2, `${JSON.stringify({ level: 60, time: Date.now(), msg: message })}\n`);
  process.kill(process.pid, 'SIGKILL');
}, tickMs);
