// Jobs per second with one, two and four workers, each a real process with a state directory of its own, all on this machine: what it
// costs to hand a job to a worker and to have its end back, and how that adds up. Two kinds of jobs: one that ends at once, which is
// all processors' work (each has a runner of its own), and one that waits for a second, as a job does that calls a model.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchDaemon, BenchHome, launcher } from './daemon-process.ts';
import { startRedis } from './redis-server.ts';
import { ratio, type Line } from './report.ts';

const counts = [1, 2, 4] as const;
const runsAtATime = 4;
const executors = {
  nothing: { kind: 'command', argv: ['true', '{prompt}'], isolation: 'none' },
  second: { kind: 'command', argv: ['sh', '-c', 'sleep 1'], isolation: 'none' },
};

type Kind = keyof typeof executors;

export async function benchWorkers(jobs: number, say: (text: string) => void): Promise<Line[]> {
  const rates = new Map<string, number>();
  for (const workers of counts)
    for (const kind of ['nothing', 'second'] as const) {
      say(`${workers} workers: ${kind}`);
      rates.set(`${kind}${workers}`, await measure(workers, kind, jobs));
    }
  const line = (kind: Kind, title: string): Line => {
    const rate = (workers: number): number => rates.get(`${kind}${workers}`) ?? Number.NaN;
    return {
      title,
      values: counts.map((workers) => ({ name: `${workers}`, value: rate(workers), unit: '/s' })),
      verdict: `of one worker: two ${ratio(rate(2) / rate(1))}, four ${ratio(rate(4) / rate(1))}`,
    };
  };
  return [
    line('nothing', `workers: jobs that end at once, ${runsAtATime} at a time each, all on these processors`),
    line('second', `workers: jobs that wait for a second, ${runsAtATime} at a time each`),
  ];
}

async function measure(workers: number, kind: Kind, jobs: number): Promise<number> {
  const home = new BenchHome();
  const redis = await startRedis(join(home.directory, 'redis'), 'nothing');
  const url = `redis://127.0.0.1:${redis.port}`;
  const config = {
    engine: { kind: 'bullmq', url },
    workers: { here: { concurrency: 0 } },
    lanes: { default: { concurrency: 64 } },
    executors,
  };
  writeFileSync(join(home.directory, 'config.yaml'), JSON.stringify(config));
  const daemon = await BenchDaemon.start(home);
  const children: ReturnType<typeof spawn>[] = [];
  try {
    const ask = (method: string, path: string, body?: unknown): Promise<unknown> =>
      daemon.request(method, path, method === 'POST' ? (body ?? {}) : undefined);
    for (let index = 0; index < workers; index++) {
      const { token } = (await ask('POST', '/api/v1/workers', { name: `w${index}` })) as { token: string };
      const directory = join(home.directory, `w${index}`);
      mkdirSync(directory, { mode: 0o700 });
      writeFileSync(join(directory, 'token'), token, { mode: 0o600 });
      writeFileSync(join(directory, 'config.yaml'), JSON.stringify({ executors }));
      const options = [
        '--url',
        url,
        '--token-file',
        join(directory, 'token'),
        '--concurrency',
        `${runsAtATime}`,
      ];
      const env = { ...home.env, HOMER_HOME: directory };
      children.push(spawn(launcher, ['worker', ...options], { env, stdio: ['ignore', 'ignore', 'inherit'] }));
    }
    const isUp = async (): Promise<boolean> => {
      const answer = (await ask('GET', '/api/v1/workers')) as {
        workers: { state: string; name: string | null }[];
      };
      return answer.workers.every(({ state, name }) => name === null || state === 'up');
    };
    while (!(await isUp())) await delay(50);
    await ask('POST', '/api/v1/lanes/default/pause');
    const body = { prompt: 'x', executor: kind, cwd: home.directory };
    for (let index = 0; index < jobs; index++) await ask('POST', '/api/v1/jobs', body);
    const startedAt = performance.now();
    await ask('POST', '/api/v1/lanes/default/resume');
    const isDone = async (): Promise<boolean> => {
      const { lanes } = (await ask('GET', '/api/v1/lanes')) as {
        lanes: { queued: number; running: number }[];
      };
      return lanes.every(({ queued, running }) => queued + running === 0);
    };
    while (!(await isDone())) await delay(20);
    return jobs / ((performance.now() - startedAt) / 1_000);
  } finally {
    for (const child of children) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    await daemon.stop();
    await redis.stop();
    home.remove();
  }
}
