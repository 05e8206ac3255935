// What an agent asks survives whatever happens to the daemon, and is answered once.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isEnded } from '../../src/core/job.ts';
import type { ApprovalView } from '../../src/operations/approvals.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import { createChaosHome, type ChaosHome, type ChaosJob } from './chaos-home.ts';
import { readBooks } from './vocabulary.ts';

const asking = {
  kind: 'claude',
  bin: process.execPath,
  args: [join(import.meta.dirname, '../fixtures/agents/asking.ts')],
  permissions: 'ask',
};
const never = '7d';

let home: ChaosHome;
const openHome = (more: Record<string, unknown> = {}): ChaosHome =>
  createChaosHome({
    config: (executors) => ({
      executors: { ...executors, asking },
      approvals: { expiry: never },
      ...more,
    }),
  });

beforeEach(() => {
  home = openHome();
});
afterEach(() => home.remove());

/** A job whose agent asks for each group of commands at once, and waits at a gate when it has its answers. */
async function submit(
  daemon: ChaosDaemon,
  plan: readonly (readonly string[])[],
  options: { readonly gated?: boolean; readonly lane?: string } = {},
): Promise<{ readonly id: string; readonly job: ChaosJob }> {
  const job = home.plan('agent', options.gated);
  const prompt = `${JSON.stringify(plan)}\n${job.path}`;
  const more = { executor: 'asking', prompt, ...(options.lane === undefined ? {} : { lane: options.lane }) };
  return { id: (await home.submit(daemon, job, more)).id, job };
}

async function approvals(daemon: ChaosDaemon, state?: string): Promise<readonly ApprovalView[]> {
  const query = state === undefined ? '' : `?state=${state}`;
  const { body } = await daemon.ask<{ approvals: ApprovalView[] }>('GET', `/api/v1/approvals${query}`);
  return body.approvals.toReversed();
}

/** Resolves when this many are in the state; the oldest first. */
async function untilApprovals(
  daemon: ChaosDaemon,
  count: number,
  state = 'pending',
): Promise<readonly ApprovalView[]> {
  let seen: readonly ApprovalView[] = [];
  await daemon.until(async () => (seen = await approvals(daemon, state)).length >= count);
  return seen;
}

interface Told {
  readonly status: number;
  readonly body: { readonly approval?: ApprovalView; readonly code?: string; readonly detail?: string };
}

const answer = (
  daemon: ChaosDaemon,
  { id }: ApprovalView,
  how: 'allow' | 'deny',
  scope?: 'once' | 'session',
): Promise<Told> =>
  daemon.ask('POST', `/api/v1/approvals/${id}/${how}`, scope === undefined ? {} : { scope });

const untilEnded = (daemon: ChaosDaemon, id: string): Promise<JobView> =>
  daemon.untilJob(id, ({ state }) => isEnded(state as never));

const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
const effects = ({ path }: ChaosJob): string[] => linesOf(`${path}.effect`);
const denials = ({ path }: ChaosJob): string[] => linesOf(`${path}.denied`);

describe('a question', () => {
  test('waits without a slot, and what is allowed is done once', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['make cake']]);
    const [question] = await untilApprovals(daemon, 1);
    if (question === undefined) throw new Error('nothing is asked');
    expect(question).toMatchObject({
      jobId: id,
      tool: 'Bash',
      input: { command: 'make cake' },
      answeredBy: null,
    });
    expect(Date.parse(question.expiresAt ?? '') - Date.parse(question.askedAt ?? '')).toBe(7 * 86_400_000);
    expect(await daemon.job(id)).toMatchObject({ state: 'waiting' });

    expect(await answer(daemon, question, 'allow')).toMatchObject({ status: 200 });
    expect(await untilEnded(daemon, id)).toMatchObject({ state: 'succeeded' });
    expect(effects(job)).toEqual(['make cake']);
    const [ended] = await approvals(daemon);
    expect(ended).toMatchObject({ state: 'allowed', scope: 'once', answeredBy: 'http:owner' });

    // The same answer again changes nothing; another one is told who was first.
    expect(await answer(daemon, question, 'allow')).toMatchObject({ status: 200, body: { approval: ended } });
    const other = await answer(daemon, question, 'deny');
    expect(other).toMatchObject({ status: 409, body: { code: 'HOMER_APPROVAL_ANSWERED' } });
    expect(other.body.detail).toContain(`http:owner allowed it at ${ended?.answeredAt}`);
    expect(effects(job)).toEqual(['make cake']);
  });

  test('that is denied is told to the agent, which goes on', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['rm -r x'], ['ls']]);
    const [first] = await untilApprovals(daemon, 1);
    if (first !== undefined) await answer(daemon, first, 'deny');
    await untilApprovals(daemon, 1, 'denied');
    const [second] = await untilApprovals(daemon, 1);
    if (second !== undefined) await answer(daemon, second, 'allow');
    await untilEnded(daemon, id);
    expect(effects(job)).toEqual(['ls']);
    expect(denials(job)).toEqual(['rm -r x: A person denied this.']);
  });

  test('is one of two that are open at once, and each answer is its own', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['one', 'two']]);
    const [one, two] = await untilApprovals(daemon, 2);
    if (one === undefined || two === undefined) throw new Error('two things are asked');
    await Promise.all([answer(daemon, two, 'allow'), answer(daemon, two, 'allow')]);
    await untilApprovals(daemon, 1, 'allowed');
    // It is allowed when its runner has told the agent, which acts a moment later.
    await expect.poll(() => effects(job), { timeout: 10_000 }).toEqual(['two']);
    await answer(daemon, one, 'deny');
    await untilEnded(daemon, id);
    expect([effects(job), denials(job)]).toEqual([['two'], ['one: A person denied this.']]);
  });

  test('that the agent takes back is void, and a late answer is told so', async () => {
    const daemon = home.start();
    const { id } = await submit(daemon, [['one', 'BACK']]);
    await untilEnded(daemon, id);
    const [question] = await approvals(daemon);
    if (question === undefined) throw new Error('nothing was asked');
    expect(question.state).toBe('void');
    expect(await answer(daemon, question, 'allow')).toMatchObject({
      status: 410,
      body: { code: 'HOMER_APPROVAL_VOID' },
    });
  });

  test('is void when its job is cancelled', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['one']]);
    const [question] = await untilApprovals(daemon, 1);
    await daemon.ask('POST', `/api/v1/jobs/${id}/cancel`, {});
    expect(await untilEnded(daemon, id)).toMatchObject({ state: 'cancelled' });
    expect((await approvals(daemon)).map(({ state }) => state)).toEqual(['void']);
    if (question !== undefined) expect((await answer(daemon, question, 'allow')).status).toBe(410);
    expect(effects(job)).toEqual([]);
  });

  test('of an executor that asks nobody is no question', async () => {
    await home.remove();
    home = openHome({ executors: { asking: { ...asking, permissions: 'none' } } });
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['one']]);
    await untilEnded(daemon, id);
    expect(await approvals(daemon)).toEqual([]);
    expect(denials(job)).toMatchObject([expect.stringContaining('permissions is "none"')]);
  });
});

describe('an answer for the session', () => {
  test('covers the same command in the same run, and no other', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['ls'], ['ls', 'ls -l']]);
    const [first] = await untilApprovals(daemon, 1);
    if (first !== undefined) await answer(daemon, first, 'allow', 'session');
    await untilApprovals(daemon, 1, 'allowed');
    const [second] = await untilApprovals(daemon, 1);
    expect(second?.input).toEqual({ command: 'ls -l' });
    if (second !== undefined) await answer(daemon, second, 'deny');
    await untilEnded(daemon, id);
    expect(effects(job)).toEqual(['ls', 'ls']);
    expect(await approvals(daemon)).toHaveLength(2);
  });

  test('is kept over the death of the run', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['a'], ['b']]);
    const [first] = await untilApprovals(daemon, 1);
    if (first !== undefined) await answer(daemon, first, 'allow', 'session');
    await untilApprovals(daemon, 1, 'allowed');
    const [second] = await untilApprovals(daemon, 1);
    const [runner = 0] = home.processes().runners;
    process.kill(runner, 'SIGKILL');
    // The next run asks anew what was not answered; an answer to the dead one's question is for nobody.
    await untilApprovals(daemon, 1, 'void');
    const [again] = await untilApprovals(daemon, 1);
    if (second === undefined || again === undefined) throw new Error('nothing is asked');
    expect((await answer(daemon, second, 'allow')).status).toBe(410);
    expect(again.input).toEqual({ command: 'b' });
    await answer(daemon, again, 'allow', 'session');
    await untilEnded(daemon, id);
    expect(effects(job)).toEqual(['a', 'b']);
  });
});

describe('nobody answers', () => {
  beforeEach(async () => {
    await home.remove();
    home = openHome({ approvals: { expiry: '1s' } });
  });

  test('so the runner denies it, though the daemon is dead', async () => {
    const doomed = home.start();
    const { id, job } = await submit(doomed, [['one']], { gated: true });
    const [question] = await untilApprovals(doomed, 1);
    await doomed.end('SIGKILL');
    await expect.poll(() => denials(job), { timeout: 10_000 }).toHaveLength(1);
    expect(denials(job)[0]).toContain('Nobody answered within 1 s');
    const daemon = home.start();
    await untilApprovals(daemon, 1, 'expired');
    await daemon.untilJob(id, ({ state }) => state === 'running');
    if (question !== undefined)
      expect(await answer(daemon, question, 'allow')).toMatchObject({
        status: 410,
        body: { code: 'HOMER_APPROVAL_EXPIRED' },
      });
    job.release();
    expect(await untilEnded(daemon, id)).toMatchObject({ state: 'succeeded' });
    expect(effects(job)).toEqual([]);
  });
});

describe('a lane that is full', () => {
  beforeEach(async () => {
    await home.remove();
    home = openHome({ lanes: { default: { concurrency: 1 } } });
  });

  test('goes on while a person is waited for, and is waited for before the answer is passed on', async () => {
    const daemon = home.start();
    const { id, job } = await submit(daemon, [['one']]);
    const [question] = await untilApprovals(daemon, 1);
    const other = home.plan('once', true);
    const { id: otherId } = await home.submit(daemon, other);
    await other.began();
    if (question === undefined) throw new Error('nothing is asked');
    await answer(daemon, question, 'allow');
    expect((await approvals(daemon)).map(({ state }) => state)).toEqual(['answering']);
    expect(await daemon.job(id)).toMatchObject({ state: 'waiting' });
    expect(effects(job)).toEqual([]);
    other.release();
    await untilEnded(daemon, otherId);
    expect(await untilEnded(daemon, id)).toMatchObject({ state: 'succeeded' });
    expect(effects(job)).toEqual(['one']);
  });
});

describe('the daemon is killed', () => {
  test('between the question and the answer', async () => {
    const doomed = home.start();
    const { id, job } = await submit(doomed, [['one']]);
    await untilApprovals(doomed, 1);
    await doomed.end('SIGKILL');
    const daemon = home.start();
    const [question] = await untilApprovals(daemon, 1);
    if (question !== undefined) {
      await answer(daemon, question, 'allow');
      await answer(daemon, question, 'allow');
    }
    expect(await untilEnded(daemon, id)).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
    expect(effects(job)).toEqual(['one']);
    expect(await approvals(daemon)).toMatchObject([{ state: 'allowed' }]);
  });

  test.each(['a1-noted', 'a2-answered', 'a3-told'])('at %s', async (point) => {
    const doomed = home.start({ kill: point });
    const { id, job } = await submit(doomed, [['one']]);
    if (point !== 'a1-noted') {
      const [question] = await untilApprovals(doomed, 1);
      if (question !== undefined) await answer(doomed, question, 'allow').catch(() => undefined);
    }
    expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const daemon = home.start();
    if (point === 'a1-noted') {
      const [question] = await untilApprovals(daemon, 1);
      if (question !== undefined) await answer(daemon, question, 'allow');
    }
    expect(await untilEnded(daemon, id)).toMatchObject({ state: 'succeeded', runs: [{ verdict: 'done' }] });
    expect(effects(job)).toEqual(['one']);
    expect(await approvals(daemon)).toMatchObject([{ state: 'allowed', answeredBy: 'http:owner' }]);
    await daemon.end('SIGTERM');
    const told = readBooks(home.path).events.filter(({ type }) => type.startsWith('approval.'));
    expect(told.map(({ type }) => type)).toEqual([
      'approval.pending',
      'approval.answering',
      'approval.allowed',
    ]);
  });
});
