// Stopped processes: what stands still ends nothing and repeats nothing when it wakes up.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createChaosHome } from './chaos-home.ts';
import { kill } from './processes.ts';
import { expectOrder } from './vocabulary.ts';

/** Limits of the runs and, in ticks of 100 ms, of the daemon's watchdog: all are over within the freeze, several times. */
const limits = { stallMs: 2000, timeoutMs: 3000 };
const watchdogTicks = 30;
/** A program of its own whose end says that the time has passed; it is what is tested here, nothing is waited for with it. */
const longerThanAllLimits = (): Promise<unknown> => promisify(execFile)('sleep', ['7']);

type Part = 'daemon' | 'runner';
const cases: readonly (readonly [string, readonly Part[]])[] = [
  ['the daemon', ['daemon']],
  ['the runner', ['runner']],
  ['both', ['daemon', 'runner']],
];

test.concurrent.each(cases)('frozen for longer than every limit: %s', async (_, frozen) => {
  const home = createChaosHome({ executor: limits });
  try {
    const daemon = home.start({ more: ['--watchdog-ticks', String(watchdogTicks)] });
    const job = home.plan('again', true);
    const { id } = await home.submit(daemon, job);
    await job.began();
    const runners = home.processes().runners;
    const pids = frozen.flatMap((part) => (part === 'daemon' ? [daemon.pid] : runners));
    // An agent whose runner watches has its limits; one whose runner stands still must be as still, or the answer would come.
    if (!frozen.includes('runner')) job.release();
    for (const pid of pids) kill(pid, 'SIGSTOP');
    await longerThanAllLimits();
    for (const pid of pids) kill(pid, 'SIGCONT');
    job.release();
    const ended = await daemon.untilJob(id, ({ state }) => state !== 'running');
    expect(ended).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
    expect(home.processes().runners.filter((pid) => !runners.includes(pid))).toEqual([]);
    await daemon.end('SIGTERM');
    expect((await expectOrder(home)).runs).toHaveLength(1);
  } finally {
    await home.remove();
  }
});

test('a run that is not frozen does reach these limits', async () => {
  const home = createChaosHome({ executor: limits });
  try {
    const daemon = home.start();
    const { id } = await home.submit(daemon, home.plan('once', true));
    const ended = await daemon.untilJob(id, ({ state }) => state !== 'running' && state !== 'queued');
    expect(ended.runs).toMatchObject([{ verdict: 'stalled' }]);
  } finally {
    await home.remove();
  }
});
