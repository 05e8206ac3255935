// A runner whose own loop spins: no limit and no order reaches its agent through it, and somebody must end it all the same.

import { expect, test } from 'vitest';
import { createChaosHome, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { kill } from './processes.ts';
import { expectOrder } from './vocabulary.ts';

interface Deaf {
  readonly home: ChaosHome;
  readonly daemon: ChaosDaemon;
  readonly job: ChaosJob;
  readonly id: string;
}

/** A run in the middle of its effect, whose runner spins from now on. */
async function startDeaf(executor: Record<string, unknown> = {}): Promise<Deaf> {
  const home = createChaosHome({ executor, config: { drain: { timeoutMs: 200 } } });
  const daemon = home.start();
  const job = home.plan('agent', true);
  const { id } = await home.submit(daemon, job);
  await job.began();
  const { runners } = home.processes();
  expect(runners).toHaveLength(1);
  for (const pid of runners) kill(pid, 'SIGUSR2');
  return { home, daemon, job, id };
}

test.concurrent('a run whose runner spins is cancelled all the same, and nothing of it is left', async () => {
  const { home, daemon, id } = await startDeaf();
  try {
    await daemon.ask('POST', `/api/v1/jobs/${id}/cancel`, {});
    const ended = await daemon.untilJob(id, ({ state }) => state === 'cancelled');
    expect(ended.runs).toMatchObject([{ verdict: 'interrupted' }]);
    expect(home.processes()).toEqual({ runners: [], agents: [] });
    await daemon.end('SIGTERM');
    await expectOrder(home);
  } finally {
    await home.remove();
  }
});

test.concurrent('stop --kill ends a run whose runner spins before the daemon goes', async () => {
  const { home, daemon, id } = await startDeaf();
  try {
    const stopped = await daemon.ask<{ running: number }>('POST', '/api/v1/stop', { mode: 'kill' });
    expect(stopped.status).toBeLessThan(300);
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    expect(home.processes()).toEqual({ runners: [], agents: [] });
    const next = home.start();
    const seen = await next.job(id);
    expect(seen.runs[0]).toMatchObject({ verdict: 'interrupted' });
  } finally {
    await home.remove();
  }
});

test.concurrent('a run whose runner spins ends at its time limit, a little later', async () => {
  const { home, daemon, id } = await startDeaf({ timeoutMs: 3000 });
  try {
    const ended = await daemon.untilJob(id, ({ runs }) => runs[0]?.verdict !== null && runs.length > 0);
    expect(ended.runs[0]).toMatchObject({ verdict: 'timed_out' });
  } finally {
    await home.remove();
  }
});
