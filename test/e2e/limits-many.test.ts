// Many jobs over several lanes with budgets, through the whole daemon: what may be passed, and by how much.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { StatusAnswer } from '../../src/cli/answers.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { SpendingView } from '../../src/operations/spending.ts';
import { mostAtOnce } from './lane-peak.ts';
import { SpendingStage, type Spender } from './spending-stage.ts';

const stages: SpendingStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

const jobs = 50;
const perTurn = 10;
/** Tokens a day, and how many at once. */
const lanes: Readonly<Record<string, { readonly concurrency: number; readonly tokens: number }>> = {
  a: { concurrency: 1, tokens: 120 },
  b: { concurrency: 2, tokens: 150 },
  c: { concurrency: 3, tokens: 1_000 },
  d: { concurrency: 4, tokens: 95 },
};
const allTokens = 400;
const names = Object.keys(lanes);

const limitOf = (lane: string | null): number => (lane === null ? allTokens : (lanes[lane]?.tokens ?? 0));
/** Of the lane's budget or that of all (null), with what live runs have used. */
const usedOf = ({ budgets }: SpendingView, lane: string | null): number =>
  budgets.find((each) => each.lane === lane)?.used.tokens ?? 0;

test('50 jobs over 4 lanes: never over a concurrency, never over a budget by more than the turn in flight', async () => {
  const stage = openStage();
  await stage.open();
  const work = new Map<string, { readonly id: string; readonly lane: string; turns: number }>();
  for (let job = 0; job < jobs; job++) {
    const [prompt, lane] = [`job-${job}`, names[job % names.length] ?? ''];
    const { id } = await stage.submit({ prompt, lane, executor: 'spender' });
    work.set(prompt, { id, lane, turns: 1 + (job % 3) });
  }
  const workOf = ({ prompt }: Spender) => work.get(prompt.split('\n').at(-1) ?? '') ?? never();
  const total = [...work.values()].reduce((sum, { turns }) => sum + turns, 0);
  let taken = 0;
  let overspent = 0;

  /** The runs that a budget has to end are ended before anybody else does anything. */
  const untilEnded = async (live: readonly Spender[], spending: SpendingView): Promise<void> => {
    const concerned = live.filter((agent) =>
      [null, workOf(agent).lane].some((lane) => usedOf(spending, lane) > limitOf(lane)),
    );
    overspent += concerned.length;
    await Promise.all(concerned.map((agent) => agent.gone));
    for (const agent of concerned) await stage.untilState(workOf(agent).id, 'parked');
  };

  for (let day = 0; taken < total || day === 0; day++) {
    expect(day).toBeLessThan(8);
    let live: Spender[] = [];
    for (let round = 0; ; round++) {
      while (stage.waiting > 0) live.push(await stage.enters());
      live = live.filter((agent) => !agent.isGone());
      const agent = live[round % live.length];
      if (agent === undefined) {
        const { running, lanes: all } = await statusOf(stage);
        if (running.length > 0 || stage.waiting > 0) {
          await delay(30);
          continue;
        }
        for (const { queued, closed } of all) expect(queued === 0 || closed !== null).toBe(true);
        break;
      }
      const job = workOf(agent);
      if (job.turns > 0) {
        const before = usedOf(await stage.spending(), null);
        agent.turn(perTurn);
        const after = await stage.untilSpending((spending) => usedOf(spending, null) === before + perTurn);
        job.turns -= 1;
        taken += 1;
        for (const lane of [null, ...names])
          expect(usedOf(after, lane)).toBeLessThanOrEqual(limitOf(lane) + perTurn);
        await untilEnded(live, after);
      }
      if (job.turns > 0 || agent.isGone()) continue;
      agent.finish();
      await stage.untilState(job.id, 'succeeded');
    }
    await stage.passDay();
  }
  // All that was to be kept from happening was about to.
  expect(overspent).toBeGreaterThan(3);
  await finishAll(stage);
  const { body } = await stage.daemon.ask<{ jobs: readonly JobView[] }>('GET', `/api/v1/jobs?limit=${jobs}`);
  expect(body.jobs).toHaveLength(jobs);
  for (const { state, attempts, crashes } of body.jobs)
    expect([state, attempts, crashes]).toEqual(['succeeded', 0, 0]);
  await stage.daemon.end('SIGKILL');
  for (const lane of names)
    expect(mostAtOnce(stage.home.path, lane)).toBeLessThanOrEqual(lanes[lane]?.concurrency ?? 0);
}, 240_000);

/** Those that were ended at their last turn have only their answer left to say. */
async function finishAll(stage: SpendingStage): Promise<void> {
  for (;;) {
    while (stage.waiting > 0) (await stage.enters()).finish();
    const { running, next } = await statusOf(stage);
    if (running.length === 0 && next.length === 0 && stage.waiting === 0) return;
    await delay(30);
  }
}

function openStage(): SpendingStage {
  const withBudgets = Object.entries(lanes).map(
    ([lane, { concurrency, tokens }]) => [lane, { concurrency, budget: { tokens } }] as const,
  );
  const stage = new SpendingStage(
    { spender: {} },
    { lanes: Object.fromEntries(withBudgets), budget: { tokens: allTokens } },
  );
  stages.push(stage);
  return stage;
}

async function statusOf(stage: SpendingStage): Promise<StatusAnswer> {
  return (await stage.daemon.ask<StatusAnswer>('GET', '/api/v1/status')).body;
}

function never(): never {
  throw new Error('An agent was asked for something that no job asked for.');
}
