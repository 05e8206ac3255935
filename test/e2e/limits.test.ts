// What agents use, held to what was allowed, through the whole daemon: budgets of the day, limits of jobs, usage limits and
// who goes on then.

import { afterEach, describe, expect, test } from 'vitest';
import type { StatusAnswer } from '../../src/cli/answers.ts';
import { findOwn } from '../../src/drill/own-processes.ts';
import { kill } from '../chaos/processes.ts';
import { SpendingStage } from './spending-stage.ts';

let stage: SpendingStage;
afterEach(() => stage.close());

async function open(
  config: object = {},
  executors: Record<string, object> = { a: {}, b: {} },
): Promise<void> {
  stage = new SpendingStage(executors, config);
  await stage.open();
}

const hour = 3_600_000;
const work = (budget: object, concurrency = 2) => ({
  lanes: { default: { concurrency: 4 }, work: { concurrency, budget } },
});
const inWork = { lane: 'work' };
const status = async (): Promise<StatusAnswer> =>
  (await stage.daemon.ask<StatusAnswer>('GET', '/api/v1/status')).body;
const closedWork = async (): Promise<unknown> =>
  (await status()).lanes.find(({ lane }) => lane === 'work')?.closed;

describe('the budget of the day of a lane', () => {
  test('ends what passes it until the next day, closes the lane, and opens it again', async () => {
    await open(work({ tokens: 100 }, 1));
    const first = await stage.begin(inWork);
    first.agent.turn(60);
    first.agent.finish();
    await stage.untilState(first.id, 'succeeded');
    expect(await closedWork()).toBeNull();

    const second = await stage.begin(inWork);
    second.agent.turn(40);
    second.agent.turn(1);
    const parked = await stage.untilState(second.id, 'parked');
    expect(parked).toMatchObject({
      attempts: 0,
      error: { code: 'HOMER_DAY_BUDGET', message: 'The budget of the day of lane work is used up.' },
      runs: [{ verdict: 'budget' }],
    });
    const third = await stage.submit(inWork);
    expect(third.state).toBe('queued');
    expect(await closedWork()).toEqual({
      until: parked.dueAt,
      why: 'lane work: 101 tokens of 100 tokens a day are used',
      byUnknown: false,
    });
    // Other lanes are not concerned.
    const other = await stage.begin();
    other.agent.finish();
    await stage.untilState(other.id, 'succeeded');

    await stage.passDay();
    // The one that was parked is in its place by the time at which it was due, behind the one that stayed in the queue.
    for (const id of [third.id, second.id]) {
      const agent = await stage.enters();
      expect(agent.isResumed).toBe(id === second.id);
      agent.finish();
      expect(await stage.untilState(id, 'succeeded')).toMatchObject({ attempts: 0, crashes: 0 });
    }
  });

  test('counts what runs at the same time use together, and ends them all', async () => {
    await open(work({ tokens: 100 }));
    const one = await stage.begin(inWork);
    const two = await stage.begin(inWork);
    one.agent.turn(60);
    await stage.untilSpending(({ live }) => live?.tokens === 60);
    expect(await closedWork()).toBeNull();
    two.agent.turn(60);
    for (const { id } of [one, two])
      expect((await stage.untilState(id, 'parked')).error).toMatchObject({
        code: 'HOMER_DAY_BUDGET',
        message: 'The budget of the day is used up (lane work: 120 tokens of 100 tokens a day are used).',
      });
    const { spending, budgets } = await stage.spending();
    expect(spending).toMatchObject([{ lane: 'work', executor: 'a', runs: 2, tokens: 120, turns: 2 }]);
    expect(budgets).toMatchObject([{ lane: 'work', limit: { tokens: 100 }, used: { tokens: 120 } }]);
  });

  test('is not forgotten over a kill -9 of the daemon in the middle of a run', async () => {
    await open(work({ tokens: 100 }));
    const { id, agent } = await stage.begin(inWork);
    agent.turn(100);
    await stage.untilSpending(({ live }) => live?.tokens === 100);
    await stage.daemon.end('SIGKILL');
    stage.start();
    // The lane has a free slot. What is left of its budget is none, which has to be known before the first claim.
    const second = await stage.submit(inWork);
    expect((await stage.daemon.job(second.id)).state).toBe('queued');
    expect(await closedWork()).toMatchObject({ why: 'lane work: 100 tokens of 100 tokens a day are used' });
    agent.turn(1);
    expect(await stage.untilState(id, 'parked')).toMatchObject({ runs: [{ verdict: 'budget' }] });
    expect((await stage.daemon.job(second.id)).runs).toEqual([]);
    expect((await stage.spending()).total).toMatchObject({ runs: 1, tokens: 101, turns: 2 });
  });

  test('that is raised lets the lane go on at once', async () => {
    await open(work({ turns: 1 }, 1));
    const first = await stage.begin(inWork);
    first.agent.turn(1);
    first.agent.finish();
    await stage.untilState(first.id, 'succeeded');
    const { id } = await stage.submit(inWork);
    expect(await closedWork()).not.toBeNull();
    stage.configure(work({ turns: 5 }, 1));
    (await stage.enters()).finish();
    await stage.untilState(id, 'succeeded');
  });

  test('unknown cost is unknown: it is counted, told as null, and closes the lane only with `unknown: refuse`', async () => {
    await open({ lanes: { work: { budget: { costUsd: 1, unknown: 'refuse' } } } });
    const job = await stage.submit({ executor: 'shell', prompt: 'true', ...inWork });
    await stage.untilState(job.id, 'succeeded');
    const { spending, budgets } = await stage.spending();
    expect(spending).toEqual([
      {
        lane: 'work',
        executor: 'shell',
        runs: 1,
        turns: null,
        tokens: null,
        costUsd: null,
        unknown: { turns: 1, tokens: 1, costUsd: 1 },
      },
    ]);
    expect(budgets[0]?.closed?.why).toBe('a run of unknown cost ended today');
    expect((await stage.submit(inWork)).state).toBe('queued');
  });
});

describe('what a job may use', () => {
  test('its tokens: the run is ended, and the job says which limit it was', async () => {
    await open();
    const { id, agent } = await stage.begin({ maxTokens: 50 });
    expect(await stage.daemon.job(id)).toMatchObject({ maxTokens: 50, maxTurns: null, maxCostUsd: null });
    agent.turn(51);
    expect(await stage.untilState(id, 'failed')).toMatchObject({
      error: {
        code: 'HOMER_BUDGET',
        message:
          'The run used 51 tokens where 50 tokens were left for it (maxTokens of the job), and was ended.',
      },
      usage: { inputTokens: 51, turns: 1 },
    });
    // Whoever tries it again gives it as much again.
    await stage.daemon.ask('POST', `/api/v1/jobs/${id}/retry`);
    const again = await stage.enters();
    again.turn(50);
    again.finish();
    await stage.untilState(id, 'succeeded');
  });

  test('less what a run that was lost has used, and the agent is told what is left', async () => {
    await open({}, { a: { maxTurns: 9 } });
    const { id, agent } = await stage.begin({ maxTurns: 3, maxCostUsd: 2 });
    expect(agent).toMatchObject({ maxTurns: '3', maxBudgetUsd: '2' });
    agent.turn(1);
    agent.turn(1);
    await stage.untilSpending(({ live }) => live?.turns === 2);
    for (const pid of findOwn(stage.home.identity).runners) kill(pid);
    const resumed = await stage.enters();
    expect(resumed).toMatchObject({ maxTurns: '1', isResumed: true });
    resumed.turn(1);
    await stage.untilSpending(({ live }) => live?.turns === 1);
    // And again: nothing is left, so that no agent is started.
    for (const pid of findOwn(stage.home.identity).runners) kill(pid);
    expect(await stage.untilState(id, 'failed')).toMatchObject({
      error: {
        code: 'HOMER_MAX_TURNS',
        message: 'Earlier runs of the job have used all of maxTurns of the job.',
      },
      runs: [{ verdict: 'lost' }, { verdict: 'lost' }, { verdict: 'max_turns' }],
      usage: { turns: 3 },
    });
    expect((await stage.spending()).total.runs).toBe(2);
  });

  test('a tool that hangs is ended after the time that config.yaml has for it', async () => {
    await open({}, { a: { toolMs: 300, maxTokens: 7 } });
    const { id, agent } = await stage.begin({ maxAttempts: 1 });
    agent.turn(8);
    expect((await stage.untilState(id, 'failed')).error?.message).toContain('maxTokens of the executor a');
    const hung = await stage.begin({ maxAttempts: 1 });
    hung.agent.use('Bash');
    expect((await stage.untilState(hung.id, 'failed')).error).toMatchObject({
      code: 'HOMER_STALLED',
      message: 'The tool Bash was at work for longer than it may (0.3 s), and the run was ended.',
    });
  });
});

describe('a usage limit', () => {
  test('parks the job and all others of the executor, and wakes them, without an attempt', async () => {
    await open();
    const first = await stage.begin();
    const until = stage.now() + hour;
    first.agent.limited(until);
    const parked = await stage.untilState(first.id, 'parked');
    expect(parked).toMatchObject({ attempts: 0, error: { code: 'HOMER_USAGE_LIMIT' } });
    expect(Math.abs(Date.parse(parked.dueAt ?? '') - until)).toBeLessThan(2_000);
    const second = await stage.submit();
    expect(await stage.untilState(second.id, 'parked')).toMatchObject({ runs: [], dueAt: parked.dueAt });
    expect((await status()).limits).toMatchObject([{ executor: 'a', until: parked.dueAt }]);
    const other = await stage.begin({ executor: 'b' });
    expect(other.agent.name).toBe('b');
    other.agent.finish();
    await stage.untilState(other.id, 'succeeded');

    await stage.daemon.end('SIGKILL');
    stage.start();
    await stage.pass(hour + 2_000);
    for (let left = 2; left > 0; left--) (await stage.enters()).finish();
    for (const { id } of [first, second])
      expect(await stage.untilState(id, 'succeeded')).toMatchObject({ attempts: 0, crashes: 0 });
    expect((await status()).limits).toEqual([]);
  });

  test('is tried at once by whoever says `homer retry`', async () => {
    await open();
    const { id, agent } = await stage.begin();
    agent.limited(stage.now() + hour);
    await stage.untilState(id, 'parked');
    await stage.daemon.ask('POST', `/api/v1/jobs/${id}/retry`);
    (await stage.enters()).finish();
    await stage.untilState(id, 'succeeded');
  });

  test('fails the job where the executor is not to park, and holds up no other', async () => {
    await open({}, { a: { parkOnLimit: false } });
    const { id, agent } = await stage.begin();
    agent.limited(stage.now() + hour);
    const { error } = await stage.untilState(id, 'failed');
    expect(error).toMatchObject({ code: 'HOMER_USAGE_LIMIT' });
    expect(error?.hint).toContain('parkOnLimit');
    expect((await status()).limits).toEqual([]);
    (await stage.begin()).agent.finish();
  });

  test('hands the job to the next executor, with what was said so far', async () => {
    await open({}, { a: { fallback: ['b'] }, b: {} });
    const { id, agent } = await stage.begin({ prompt: 'count the birds' });
    agent.turn(5, 'So far I saw seven geese.');
    agent.limited(stage.now() + hour);
    const next = await stage.enters();
    expect(next).toMatchObject({ name: 'b', isResumed: false });
    expect(next.prompt).toContain('So far I saw seven geese.');
    expect(next.prompt).toContain('"cutOff":true');
    expect(next.prompt.endsWith('count the birds')).toBe(true);
    next.finish('nine geese');
    expect(await stage.untilState(id, 'succeeded')).toMatchObject({
      executor: 'b',
      fallback: [],
      attempts: 0,
      result: { text: 'nine geese' },
      runs: [
        { executor: 'a', verdict: 'rate_limited' },
        { executor: 'b', verdict: 'done' },
      ],
    });
    // Who comes while the limit holds does not try first; who wants nobody else waits.
    const second = await stage.begin();
    expect(second.agent.name).toBe('b');
    second.agent.finish();
    const faithful = await stage.submit({ fallback: [] });
    await stage.untilState(faithful.id, 'parked');
  });

  test('a turn of a session goes on with the other executor too, which is told the conversation', async () => {
    await open({}, { a: {}, b: {} });
    const first = await stage.begin({ session: 'birds', prompt: 'hello' });
    first.agent.finish('good morning');
    await stage.untilState(first.id, 'succeeded');
    const second = await stage.begin({ session: 'birds', prompt: 'and now', fallback: ['b'] });
    second.agent.limited(stage.now() + hour);
    const other = await stage.enters();
    expect(other.name).toBe('b');
    expect(other.prompt).toContain('good morning');
    other.finish('good night');
    await stage.untilState(second.id, 'succeeded');
  });

  test('a job goes on only with executors that its sender may use', async () => {
    await open({}, { a: { subagents: true }, b: {} });
    const code = async (fallback: string[], headers = {}): Promise<unknown> => {
      const { body } = await stage.post({ fallback }, headers);
      return (body as unknown as { code?: string }).code;
    };
    expect(await code(['nobody'])).toBe('HOMER_EXECUTOR_UNKNOWN');
    expect(await code(['a'])).toBe('HOMER_INPUT_INVALID');
    expect(await code(['b', 'b'])).toBe('HOMER_INPUT_INVALID');
    const { agent } = await stage.begin();
    const asRun = { authorization: `Bearer ${agent.token ?? ''}` };
    expect(await code(['shell'], asRun)).toBe('HOMER_EXECUTOR_REFUSED');
    // What may not be done twice is not repeated for an agent's having tried first.
    expect((await stage.post({ fallback: ['shell'] })).body.job).toMatchObject({
      fallback: ['shell'],
      maxAttempts: 1,
    });
    agent.finish();
  });
});
