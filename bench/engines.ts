// Homer's embedded engine against BullMQ on Redis: the contestants take turns, each measurement in a process of its
// own on a store of its own. The medians of the rounds count; a ratio is taken within each round, so that what else the
// machine does meanwhile falls on both sides.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contestantNames, overRedis, type ContestantName } from './contestant.ts';
import type { Figures } from './engine-measures.ts';
import { ratio, type Line } from './report.ts';

const program = join(import.meta.dirname, 'contestant-process.ts');

export interface Scale {
  readonly rounds: number;
  readonly jobs: number;
  readonly backlog: number;
}

/** Every contestant's figures, one for each round. */
type Results = ReadonlyMap<ContestantName, readonly Figures[]>;

const valuesOf = (results: Results, name: ContestantName, figure: string): readonly number[] =>
  (results.get(name) ?? []).map((figures) => figures[figure] ?? Number.NaN);

function measure(name: ContestantName, what: string, jobs: number, cache: string): Figures {
  const directory = mkdtempSync(join(tmpdir(), 'homer-bench-'));
  try {
    const { status, stdout } = spawnSync(process.execPath, [program, name, what, String(jobs), directory], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
    });
    if (status !== 0) throw new Error(`${name} ${what} ended with ${String(status)}.`);
    return JSON.parse(stdout) as Figures;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Interleaved: what else the machine does falls on all of them. */
function measureAll(
  what: 'throughput' | 'backlog',
  jobs: number,
  rounds: number,
  say: (text: string) => void,
  names: readonly ContestantName[] = contestantNames,
): Results {
  const all = new Map<ContestantName, Figures[]>(names.map((name) => [name, []]));
  const cache = mkdtempSync(join(tmpdir(), 'homer-bench-cache-'));
  mkdirSync(cache, { recursive: true });
  try {
    measure('homer', 'throughput', 400, cache);
    for (let round = 1; round <= rounds; round++) {
      for (const name of names) {
        say(`${what} ${round}/${rounds}: ${name}`);
        all.get(name)?.push(measure(name, what, jobs, cache));
      }
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  return all;
}

interface Comparison {
  readonly title: string;
  readonly figure: string;
  readonly unit: string;
  /** More is better, or less. */
  readonly better: 'more' | 'less';
  /** At least so many times as good as BullMQ on `appendfsync always`. */
  readonly reach?: number;
}

const throughput: readonly Comparison[] = [
  { title: 'durable enqueue, 1 in flight', figure: 'enqueue1', unit: '/s', better: 'more' },
  { title: 'durable enqueue, 50 in flight', figure: 'enqueue50', unit: '/s', better: 'more', reach: 3 },
  { title: 'end to end, concurrency 1', figure: 'drain1', unit: '/s', better: 'more' },
  { title: 'end to end, concurrency 10', figure: 'drain10', unit: '/s', better: 'more', reach: 5 },
  { title: 'end to end, concurrency 50', figure: 'drain50', unit: '/s', better: 'more' },
  { title: 'enqueued (50 in flight) while worked off (10)', figure: 'through10', unit: '/s', better: 'more' },
  { title: 'pick-up when idle, p50', figure: 'pickUpP50', unit: ' ms', better: 'less', reach: 1 },
  { title: 'pick-up when idle, p99', figure: 'pickUpP99', unit: ' ms', better: 'less' },
  { title: 'CPU per job, both sides', figure: 'cpuMicrosPerJob', unit: ' µs', better: 'less' },
];

function compare(results: Results, comparison: Comparison): Line {
  const of = (name: ContestantName): readonly number[] => valuesOf(results, name, comparison.figure);
  const ratios = (other: ContestantName): readonly number[] =>
    of('homer').map((own, round) => {
      const theirs = of(other)[round] ?? Number.NaN;
      return comparison.better === 'more' ? own / theirs : theirs / own;
    });
  const against = (other: ContestantName): string => {
    const all = ratios(other);
    return `${ratio(median(all))} (${Math.min(...all).toFixed(1)}–${Math.max(...all).toFixed(1)})`;
  };
  const times = median(ratios('bullmq-always'));
  return {
    title: comparison.title,
    values: contestantNames.map((name) => ({ name, value: median(of(name)), unit: comparison.unit })),
    verdict: `${against('bullmq-always')} always, ${against('bullmq-everysec')} everysec`,
    ...(comparison.reach === undefined
      ? {}
      : { aim: `≥ ${comparison.reach} × always`, reached: times >= comparison.reach }),
  };
}

export function benchEngines(scale: Scale, say: (text: string) => void): Line[] {
  const results = measureAll('throughput', scale.jobs, scale.rounds, say);
  return throughput.map((comparison) => compare(results, comparison));
}

/** What the ledger costs where BullMQ carries the claims: ratios to bare BullMQ, and to claims without Redis. */
export function benchTransport(scale: Scale, say: (text: string) => void): Line[] {
  const names = [overRedis, ...contestantNames] as const;
  const results = measureAll('throughput', scale.jobs, scale.rounds, say, names);
  return throughput.map(({ title, figure, unit, better }) => {
    const of = (name: ContestantName): readonly number[] => valuesOf(results, name, figure);
    const against = (other: ContestantName): string => {
      const all = of(overRedis).map((own, round) => {
        const theirs = of(other)[round] ?? Number.NaN;
        return better === 'more' ? own / theirs : theirs / own;
      });
      return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)}) of ${other}`;
    };
    return {
      title,
      values: names.map((name) => ({ name, value: median(of(name)), unit })),
      verdict: contestantNames.map(against).join(', '),
    };
  });
}

const growth = [1_000, 100_000, 1_000_000] as const;

/** How cost grows with what is queued, up to `most` jobs: one round each of Homer over Redis and of bare BullMQ. */
export function benchGrowth(most: number, say: (text: string) => void): Line[] {
  const names = [overRedis, 'bullmq-always'] as const;
  return growth
    .filter((jobs) => jobs <= most)
    .flatMap((jobs) => {
      const results = measureAll('backlog', jobs, 1, say, names);
      const line = (what: string, figure: string, unit: string): Line => ({
        title: `${jobs.toLocaleString('en')} queued: ${what}`,
        values: names.map((name) => ({ name, value: median(valuesOf(results, name, figure)), unit })),
      });
      return [
        line('worked off at 10', 'fullRate', '/s'),
        line('the same from an empty queue', 'emptyRate', '/s'),
        line('memory, process', 'processMegabytes', ' MB'),
        line('memory, Redis', 'serverMegabytes', ' MB'),
      ];
    });
}

export function benchBacklog(scale: Scale, say: (text: string) => void): Line[] {
  const results = measureAll('backlog', scale.backlog, 1, say);
  const of = (name: ContestantName, figure: string): number => median(valuesOf(results, name, figure));
  const values = (figure: string, unit: string): Line['values'] =>
    contestantNames.map((name) => ({ name, value: of(name, figure), unit }));
  const slowdown = of('homer', 'emptyRate') / of('homer', 'fullRate');
  const megabytes = of('homer', 'processMegabytes');
  const jobs = scale.backlog.toLocaleString('en');
  return [
    { title: `${jobs} queued: time to fill`, values: values('fillSeconds', ' s') },
    { title: `${jobs} queued: worked off at 10`, values: values('fullRate', '/s') },
    {
      title: 'the same from an empty queue',
      values: values('emptyRate', '/s'),
      verdict: `${slowdown.toFixed(2)} × slower when full`,
      aim: '≤ 2 ×',
      reached: slowdown <= 2,
    },
    {
      title: `${jobs} queued: memory, process`,
      values: values('processMegabytes', ' MB'),
      aim: '≤ 150 MB',
      reached: megabytes <= 150,
    },
    { title: `${jobs} queued: memory, server`, values: values('serverMegabytes', ' MB') },
  ];
}
