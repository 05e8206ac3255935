// What a run costs beside the program it runs: from acceptance to the end of the job, less the bare program, and the
// memory of the runner.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchDaemon, BenchHome } from './daemon-process.ts';
import { residentMegabytes } from './process-usage.ts';
import type { Line } from './report.ts';

interface Job {
  readonly id: string;
  readonly state: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly runs: readonly { readonly id: string }[];
}

const times = 15;
const lookAgainMs = 10;

async function submit(daemon: BenchDaemon, prompt: string): Promise<Job> {
  const answer = (await daemon.request('POST', '/api/v1/jobs', { prompt, executor: 'shell', cwd: '/' })) as {
    job: Job;
  };
  return answer.job;
}

async function find(daemon: BenchDaemon, id: string, wanted: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const { job } = (await daemon.request('GET', `/api/v1/jobs/${id}`)) as { job: Job };
    if (wanted(job)) return job;
    await delay(lookAgainMs);
  }
}

async function runMs(daemon: BenchDaemon): Promise<number> {
  const { id } = await submit(daemon, 'echo hello');
  // The ledger's own times count, so it does not matter how often we look.
  const job = await find(daemon, id, ({ endedAt }) => endedAt !== null);
  if (job.state !== 'succeeded') throw new Error(`The job has ${job.state}.`);
  return Date.parse(job.endedAt ?? '') - Date.parse(job.createdAt);
}

function bareMs(): number {
  const startedAt = performance.now();
  spawnSync('sh', ['-c', 'echo hello']);
  return performance.now() - startedAt;
}

/** The runner carries the id of its run in its arguments; of the processes that do, it is the one run by Node. */
function runnerMegabytes(runId: string): number {
  const sizes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return argv.some((word) => word.includes(runId)) && /node/.test(argv[0] ?? '');
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map((pid) => residentMegabytes(Number(pid)));
  return Math.max(...sizes);
}

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

export async function benchRunOverhead(): Promise<Line[]> {
  const home = new BenchHome();
  const daemon = await BenchDaemon.start(home);
  try {
    await runMs(daemon);
    const runs: number[] = [];
    for (let i = 0; i < times; i++) runs.push(await runMs(daemon));
    const overhead = median(runs) - median(Array.from({ length: times }, bareMs));

    const { id } = await submit(daemon, 'sleep 30');
    const { runs: begun } = await find(daemon, id, (job) => job.state === 'running' && job.runs.length > 0);
    await delay(1_000);
    const memory = runnerMegabytes(begun[0]?.id ?? 'none');
    await daemon.request('POST', `/api/v1/jobs/${id}/cancel`);
    await find(daemon, id, ({ endedAt }) => endedAt !== null);
    return [
      {
        title: "a run's own overhead",
        values: [{ name: 'homer', value: overhead, unit: ' ms' }],
        aim: '≤ 120 ms',
        reached: overhead <= 120,
      },
      {
        title: 'memory of a runner',
        values: [{ name: 'homer', value: memory, unit: ' MB' }],
        aim: '≤ 45 MB',
        reached: memory <= 45,
      },
    ];
  } finally {
    await daemon.stop();
    home.remove();
  }
}
