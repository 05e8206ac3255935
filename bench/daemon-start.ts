// How long a daemon takes from its spawn to /readyz: with nothing to do, and with 100 000 jobs in its ledger.

import { BenchDaemon, BenchHome } from './daemon-process.ts';
import { openHomer } from './homer-contestant.ts';
import type { Line } from './report.ts';

const queued = 100_000;

async function medianStart(home: BenchHome, times: number): Promise<number> {
  const starts: number[] = [];
  for (let i = 0; i < times; i++) {
    const daemon = await BenchDaemon.start(home);
    starts.push(daemon.readyMs);
    await daemon.stop();
  }
  return starts.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

export async function benchDaemonStart(): Promise<Line[]> {
  const home = new BenchHome();
  try {
    await medianStart(home, 1);
    const empty = await medianStart(home, 5);
    const ledger = await openHomer(home.directory, { paused: true });
    await ledger.fill(queued);
    await ledger.close();
    const full = await medianStart(home, 5);
    const line = (title: string, value: number): Line => ({
      title,
      values: [{ name: 'homer', value, unit: ' ms' }],
      aim: '≤ 400 ms',
      reached: value <= 400,
    });
    return [
      line('spawn → /readyz', empty),
      line(`spawn → /readyz, ${queued.toLocaleString('en')} jobs queued`, full),
    ];
  } finally {
    home.remove();
  }
}
