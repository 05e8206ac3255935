// What a daemon costs that has nothing to do, and how fast it and its command line answer beside it.

import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchDaemon, BenchHome, launcher } from './daemon-process.ts';
import { cpuMicrosOf, residentMegabytes } from './process-usage.ts';
import type { Line } from './report.ts';

const settleMs = 3_000;
const idleMs = 5_000;

/** The median time of a command, and the exit code it must end with. */
function medianRun(home: BenchHome, args: readonly string[], wanted: number): number {
  const times = Array.from({ length: 7 }, () => {
    const startedAt = performance.now();
    const { status } = spawnSync(launcher, args, { env: home.env, stdio: 'ignore' });
    if (status !== wanted) throw new Error(`homer ${args.join(' ')} ended with ${String(status)}.`);
    return performance.now() - startedAt;
  });
  return times.sort((a, b) => a - b)[3] ?? Number.NaN;
}

export async function benchDaemonIdle(): Promise<Line[]> {
  const home = new BenchHome();
  const daemon = await BenchDaemon.start(home);
  try {
    await delay(settleMs);
    const before = cpuMicrosOf(daemon.pid);
    await delay(idleMs);
    const cpu = (cpuMicrosOf(daemon.pid) - before) / (idleMs * 10);
    const memory = residentMegabytes(daemon.pid);
    const refused = medianRun(home, ['serve'], 75);
    const status = medianRun(home, ['status'], 0);
    const line = (title: string, value: number, unit: string, reach: number): Line => ({
      title,
      values: [{ name: 'homer', value, unit }],
      aim: `≤ ${reach}${unit}`,
      reached: value <= reach,
    });
    return [
      line('idle memory, daemon', memory, ' MB', 90),
      { title: 'idle CPU, daemon', values: [{ name: 'homer', value: cpu, unit: ' %' }] },
      line('refused second instance', refused, ' ms', 300),
      line('`homer status`', status, ' ms', 150),
    ];
  } finally {
    await daemon.stop();
    home.remove();
  }
}
