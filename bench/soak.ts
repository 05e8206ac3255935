// A daemon that works for a long time: whether what it holds (memory, descriptors, its log of writes) grows with what it has done.

import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchDaemon, BenchHome } from './daemon-process.ts';
import { residentMegabytes } from './process-usage.ts';
import type { Line } from './report.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Jobs a second. */
  readonly rate: number;
}

interface Sample {
  readonly minute: number;
  readonly memoryMb: number;
  readonly descriptors: number;
  readonly walMb: number;
}

const sampleMs = 5_000;
/** The first part is warming up: caches fill, code is compiled. */
const warmUp = 1 / 3;
/** What a slope may be that is called flat: a daemon of 100 MB would take a week to double. */
const flatMbPerHour = 0.6;

export async function benchSoak(
  { minutes, rate }: SoakOptions,
  say: (text: string) => void,
): Promise<Line[]> {
  const home = new BenchHome();
  const nothing = { kind: 'command', argv: ['true'] };
  writeFileSync(
    join(home.directory, 'config.yaml'),
    JSON.stringify({ lanes: { default: { concurrency: 4 } }, executors: { nothing } }),
  );
  const daemon = await BenchDaemon.start(home);
  try {
    const samples: Sample[] = [];
    const beganAt = performance.now();
    const endAt = beganAt + minutes * 60_000;
    let sent = 0;
    let nextSample = beganAt + sampleMs;
    while (performance.now() < endAt) {
      const due = Math.floor(((performance.now() - beganAt) / 1_000) * rate);
      for (; sent < due; sent++)
        await daemon.request('POST', '/api/v1/jobs', { prompt: 'x', executor: 'nothing' });
      if (performance.now() >= nextSample) {
        nextSample += sampleMs;
        samples.push(look(home, daemon, (performance.now() - beganAt) / 60_000));
        if (samples.length % 60 === 0) say(`${sent} jobs, ${samples.at(-1)?.memoryMb ?? 0} MB`);
      }
      await delay(1_000 / rate);
    }
    const { jobsQueued } = await metricsOf(daemon);
    return report(samples.slice(Math.floor(samples.length * warmUp)), sent, jobsQueued);
  } finally {
    await daemon.stop();
    home.remove();
  }
}

function look({ directory }: BenchHome, { pid }: BenchDaemon, minute: number): Sample {
  const wal = statSync(join(directory, 'homer.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
  return {
    minute,
    memoryMb: residentMegabytes(pid),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    walMb: wal / 2 ** 20,
  };
}

async function metricsOf(daemon: BenchDaemon): Promise<{ readonly jobsQueued: number }> {
  const health = (await daemon.request('GET', '/health')) as { metrics: { jobsQueued: number } };
  return health.metrics;
}

function report(samples: readonly Sample[], sent: number, queued: number): Line[] {
  const perHour = 60 * slope(samples.map(({ minute, memoryMb }) => [minute, memoryMb]));
  const descriptors = samples.map((sample) => sample.descriptors);
  const memory = samples.map(({ memoryMb }) => memoryMb);
  const wal = Math.max(...samples.map(({ walMb }) => walMb));
  return [
    {
      title: 'soak: memory of the daemon after warming up',
      values: [
        { name: 'from', value: Math.min(...memory), unit: ' MB' },
        { name: 'to', value: Math.max(...memory), unit: ' MB' },
        { name: 'slope', value: perHour, unit: ' MB/h' },
        { name: 'a thousand jobs', value: (perHour / 60) * minutesPerThousand(samples, sent), unit: ' MB' },
      ],
      aim: `slope ≤ ${flatMbPerHour} MB/h`,
      reached: perHour <= flatMbPerHour,
    },
    {
      title: 'soak: open descriptors',
      values: [
        { name: 'fewest', value: Math.min(...descriptors), unit: '' },
        { name: 'most', value: Math.max(...descriptors), unit: '' },
        {
          name: 'slope',
          value: 60 * slope(samples.map(({ minute, descriptors: open }) => [minute, open])),
          unit: '/h',
        },
      ],
    },
    {
      title: 'soak: write-ahead log, and what was left to do',
      values: [
        { name: 'largest', value: wal, unit: ' MB' },
        { name: 'jobs', value: sent, unit: '' },
        { name: 'queued at the end', value: queued, unit: '' },
      ],
      aim: '≤ 64 MB',
      reached: wal <= 64,
    },
  ];
}

function minutesPerThousand(samples: readonly Sample[], sent: number): number {
  return ((samples.at(-1)?.minute ?? 0) * 1_000) / sent;
}

/** Of the line of least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const count = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
