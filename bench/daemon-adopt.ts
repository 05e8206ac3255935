// How long a daemon takes to /readyz when the one before it was killed with live runs, all of which it adopts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchDaemon, BenchHome } from './daemon-process.ts';
import type { Line } from './report.ts';

const runs = 20;
const rounds = 3;

interface Jobs {
  readonly jobs: readonly { readonly state: string; readonly runs: readonly { readonly state: string }[] }[];
}

async function waitForRuns(daemon: BenchDaemon): Promise<void> {
  for (;;) {
    const { jobs } = (await daemon.request('GET', `/api/v1/jobs?state=running&limit=${runs}`)) as Jobs;
    if (jobs.filter((job) => job.runs.at(-1)?.state === 'running').length === runs) return;
    await delay(50);
  }
}

export async function benchDaemonAdopt(): Promise<Line[]> {
  const home = new BenchHome();
  writeFileSync(join(home.directory, 'config.yaml'), `lanes: { default: { concurrency: ${runs} } }\n`);
  let daemon = await BenchDaemon.start(home);
  try {
    for (let i = 0; i < runs; i++) {
      await daemon.request('POST', '/api/v1/jobs', { prompt: 'sleep 3600', executor: 'shell' });
    }
    await waitForRuns(daemon);
    const starts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await daemon.kill();
      daemon = await BenchDaemon.start(home);
      starts.push(daemon.readyMs);
      await waitForRuns(daemon);
    }
    const median = starts.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
    return [
      {
        title: `spawn → /readyz, ${runs} live runs to adopt`,
        values: [{ name: 'homer', value: median, unit: ' ms' }],
        aim: '≤ 1,000 ms',
        reached: median <= 1_000,
      },
    ];
  } finally {
    await daemon.request('POST', '/api/v1/stop', { mode: 'kill' });
    await daemon.gone;
    home.remove();
  }
}
