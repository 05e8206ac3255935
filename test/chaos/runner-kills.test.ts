// Runners and agents are killed at every point they have, with the daemon there and with the daemon gone as well.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobView } from '../../src/operations/job-view.ts';
import { createChaosHome, kinds, untilGone, type ChaosHome, type ChaosJob, type Kind } from './chaos-home.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { argumentsOf } from '../../src/drill/own-processes.ts';
import { kill } from './processes.ts';
import { linesOf, until } from './signals.ts';
import { expectOrder } from './vocabulary.ts';

let home: ChaosHome;
let deaths: string;
beforeEach(() => {
  home = createChaosHome();
  deaths = join(home.base, 'deaths');
  mkdirSync(deaths);
});
afterEach(() => home.remove());

/** What the table of the design says: verdicts of the runs, and where the job ends. */
interface Fate {
  readonly verdicts: readonly string[];
  readonly state: string;
  readonly code?: string;
}
const done: Fate = { verdicts: ['done'], state: 'succeeded' };
const again: Fate = { verdicts: ['lost', 'done'], state: 'succeeded' };
const asked: Fate = { verdicts: ['lost'], state: 'waiting', code: 'HOMER_EFFECT_UNKNOWN' };

/** Before run.json nothing was started, after the end in the journal nothing is unknown; in between the run is lost. */
const fates: Readonly<Record<string, Readonly<Record<Kind, Fate>>>> = {
  'r1-locked': { once: done, again: done, agent: done },
  'r2-briefed': { once: done, again: done, agent: done },
  'r3-recorded': { once: asked, again, agent: again },
  'r4-agent-started': { once: asked, again, agent: again },
  'r5-journal-synced': { once: done, again: done, agent: done },
  'r6-exit-written': { once: done, again: done, agent: done },
  'r7-exit-renamed': { once: done, again: done, agent: done },
};

const isAtRest = ({ state }: JobView): boolean =>
  ['succeeded', 'failed', 'cancelled', 'waiting'].includes(state);

async function expectFate(daemon: ChaosDaemon, id: string, fate: Fate): Promise<JobView> {
  const job = await daemon.untilJob(id, isAtRest);
  const facts = { verdicts: job.runs.map(({ verdict }) => verdict), state: job.state, code: job.error?.code };
  const remains = `${job.error?.message ?? ''}\n${home.remains()}\n${daemon.lines().join('\n')}`;
  expect(facts, remains).toEqual({ code: undefined, ...fate });
  await daemon.end('SIGTERM');
  await expectOrder(home);
  return job;
}

describe.each(Object.entries(fates))('a runner killed at %s', (point, fate) => {
  test.each(kinds)('under a daemon: the kind "%s"', async (kind) => {
    writeFileSync(join(deaths, `${point}-1`), '');
    const daemon = home.start({ runnerKills: deaths });
    const { id } = await home.submit(daemon, home.plan(kind));
    await expectFate(daemon, id, fate[kind]);
    expect(readdirSync(deaths)).toEqual([]);
  });

  test.each(kinds)('with the daemon dead too: the kind "%s"', async (kind) => {
    writeFileSync(join(deaths, `${point}-1`), '');
    const doomed = home.start({ runnerKills: deaths, kill: '6-spawned' });
    const job = home.plan(kind);
    await home.submit(doomed, job).catch(() => undefined);
    await doomed.exited;
    await until([deaths], () => readdirSync(deaths).length === 0);
    for (const pid of home.processes().runners) await untilGone(pid);
    const daemon = home.start();
    const { id } = await home.submit(daemon, job);
    await expectFate(daemon, id, fate[kind]);
  });
});

test('a runner that dies before its agent at every start is a crash in the end, not a loop', async () => {
  for (const point of ['r1-locked', 'r2-briefed', 'r1-locked'])
    writeFileSync(join(deaths, `${point}-${Math.random()}`), '');
  const daemon = home.start({ runnerKills: deaths });
  const { id } = await home.submit(daemon, home.plan('agent'));
  const job = await expectFate(daemon, id, again);
  expect(job.crashes).toBe(1);
});

describe.each(kinds)('in the middle of its effect, the kind "%s"', (kind: Kind) => {
  let daemon: ChaosDaemon;
  let job: ChaosJob;
  let id: string;
  beforeEach(async () => {
    daemon = home.start();
    job = home.plan(kind, true);
    ({ id } = await home.submit(daemon, job));
    await job.began();
  });

  /** The program itself, not the wrappers of its namespace. */
  function agent(): number {
    const found = home
      .processes()
      .agents.find((pid) =>
        ['effect.sh', 'claude-like.ts'].some((name) => argumentsOf(pid)[1]?.endsWith(name)),
      );
    if (found === undefined) throw new Error('there is no agent');
    return found;
  }

  async function expectResumed(fate: Fate): Promise<JobView> {
    if (kind !== 'agent') return expectFate(daemon, id, fate);
    const ended = await expectFate(daemon, id, fate);
    expect(ended.result?.text).toContain('told: true');
    expect(linesOf(`${job.path}.starts`).map((line) => line.split(' ')[1])).toEqual(['new', 'resume']);
    expect(new Set(ended.runs.map(({ agentSessionId }) => agentSessionId)).size).toBe(1);
    return ended;
  }

  async function restartAfterDeath(): Promise<void> {
    await daemon.exited;
    daemon = home.start();
    expect(await daemon.ready).not.toBeNull();
  }

  test('the runner is killed', async () => {
    for (const pid of home.processes().runners) kill(pid);
    // Twice: what was waiting at the gate may take one with it into death.
    job.release(2);
    const ended = await expectResumed(kind === 'once' ? asked : again);
    expect(ended.crashes).toBe(1);
  });

  test('the agent is killed', async () => {
    kill(agent());
    job.release(2);
    // Of a command only its exit is known, and that is an error of its own; an agent that is shot down is lost.
    const fate: Readonly<Record<Kind, Fate>> = {
      once: { verdicts: ['agent_error'], state: 'failed', code: 'HOMER_AGENT_ERROR' },
      again: { verdicts: ['agent_error', 'done'], state: 'succeeded' },
      agent: again,
    };
    await expectResumed(fate[kind]);
  });

  test('the runner is told to stop', async () => {
    for (const pid of home.processes().runners) kill(pid, 'SIGTERM');
    const fate: Fate =
      kind === 'once'
        ? { verdicts: ['interrupted'], state: 'waiting', code: 'HOMER_EFFECT_UNKNOWN' }
        : { verdicts: ['interrupted', 'done'], state: 'succeeded' };
    if (kind === 'again') {
      await daemon.untilJob(id, ({ runs }) => runs.length === 2);
      job.release();
    }
    const ended = await expectResumed(fate);
    expect([ended.crashes, ended.attempts]).toEqual([0, 0]);
  });

  test('everything is killed at once', async () => {
    const { runners, agents } = home.processes();
    for (const pid of [daemon.pid, ...runners, ...agents]) kill(pid);
    job.release(2);
    await restartAfterDeath();
    await expectResumed(kind === 'once' ? asked : again);
  });

  test('daemon and runner are killed, and the agent lives on alone', async () => {
    const { runners } = home.processes();
    for (const pid of [daemon.pid, ...runners]) kill(pid);
    await restartAfterDeath();
    job.release(2);
    await expectResumed(kind === 'once' ? asked : again);
  });
});

test('what a dead runner leaves behind without a namespace is ended before the job goes on', async () => {
  await home.remove();
  home = createChaosHome({ executor: { isolation: 'none' } });
  const daemon = home.start();
  const job = home.plan('again', true);
  const { id } = await home.submit(daemon, job);
  await job.began();
  const before = home.processes();
  expect(before.agents).toHaveLength(1);
  for (const pid of before.runners) kill(pid);
  await daemon.untilJob(id, ({ runs }) => runs.length === 2);
  expect(home.processes().agents).not.toContain(before.agents[0]);
  job.release();
  await expectFate(daemon, id, again);
});
