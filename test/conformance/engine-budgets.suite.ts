// What every engine promises of the day's budgets, and of executors that are at a usage limit.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noAllowance } from '../../src/core/allowance.ts';
import type { Budget } from '../../src/core/budget.ts';
import { nextDayAt } from '../../src/core/day.ts';
import type { JobId } from '../../src/core/ids.ts';
import type { Claim } from '../../src/engine/engine.ts';
import { EngineRoom, type EngineDriver, type Lanes } from './engine-room.ts';

const hour = 3_600_000;
const budget = (changes: Partial<Budget>): Budget => ({ ...noAllowance, unknown: 'count', ...changes });
const usage = (costUsd: number | null, turns = 1) => ({
  usage: { inputTokens: 10, outputTokens: 1, costUsd, turns },
});

export function engineBudgets(name: string, driver: EngineDriver): void {
  const lanes: Lanes = {
    default: { concurrency: 2, rate: null },
    probe: { concurrency: 1, rate: null },
  };
  const works = (title: string, run: (room: EngineRoom) => Promise<void>): void => {
    test(title, () => EngineRoom.with(driver, lanes, run));
  };
  const spend = async (room: EngineRoom, claim: Claim, ...used: Parameters<typeof usage>): Promise<void> => {
    await room.ledger.commit(() => room.ledger.claims.recordStart(claim, 'worker', room.now));
    await room.settle(claim, 'done', usage(...used));
  };
  const probe = { lane: 'probe', executor: 'probe' };
  const nothingElse = async (room: EngineRoom): Promise<void> => {
    const id = await room.accept(probe);
    await room.settle(await room.nextFor(id));
  };

  describe(`${name}: budgets of the day`, () => {
    works('numbers that cannot be are unknown, and keep no answer back', async (room) => {
      const claim = await room.nextFor(await room.accept());
      await room.ledger.commit(() => room.ledger.claims.recordStart(claim, 'worker', room.now));
      const told = { inputTokens: 1.5, outputTokens: 1e16, costUsd: -1_000, turns: 1.7 };
      expect(await room.settle(claim, 'done', { usage: told })).toBe('succeeded');
      const { usage: kept } = room.ledger.claims.runsOf(claim.jobId)[0] ?? never();
      expect(kept).toMatchObject({ inputTokens: null, outputTokens: null, costUsd: null, turns: null });
      expect(room.ledger.spending.today(null, room.now)).toMatchObject({
        tokens: 0,
        costUsd: 0,
        unknownCost: 1,
      });
    });
    works(
      'a lane whose budget is used up starts nothing until the next day, also after a crash',
      async (room) => {
        room.budgets = { default: { budget: budget({ costUsd: 1 }) } };
        const [first, second, third] = await room.acceptAll([{}, {}, {}]);
        await spend(room, await room.nextFor(first ?? never()), 0.6);
        await spend(room, await room.nextFor(second ?? never()), 0.6);
        // The third was started by the settlement that left something over, so it is in flight when the budget is passed.
        const claim = await room.nextFor(third ?? never());
        const fourth = await room.accept();
        await nothingElse(room);
        expect(room.ledger.spending.closed('default', room.now)).toEqual({
          until: nextDayAt(room.now),
          why: 'lane default: $1.2 of $1 a day are used',
          byUnknown: false,
        });
        await spend(room, claim, 0.1);
        await room.restart('by a crash');
        await nothingElse(room);
        await room.pass(nextDayAt(room.now) - room.now);
        await room.settle(await room.nextFor(fourth));
      },
    );

    works('a budget that is raised lets its lane go on at once', async (room) => {
      room.budgets = { default: { budget: budget({ turns: 1 }) } };
      await spend(room, await claimOf(room, await room.accept()), 0, 1);
      const next = await room.accept();
      await nothingElse(room);
      room.budgets = { default: { budget: budget({ turns: 2 }) } };
      await room.refresh();
      await room.settle(await room.nextFor(next));
    });

    works('the budget of all lanes closes each of them', async (room) => {
      room.dayBudget = budget({ tokens: 10 });
      await spend(room, await claimOf(room, await room.accept()), null);
      await room.accept();
      expect(room.ledger.spending.closed('probe', room.now)?.why).toBe(
        'all lanes: 11 tokens of 10 tokens a day are used',
      );
      room.dayBudget = null;
      await room.refresh();
      await room.settle(await room.next());
    });

    works('unknown cost is counted, not 0, and closes a lane only where that is wanted', async (room) => {
      room.budgets = { default: { budget: budget({ costUsd: 1 }) } };
      await spend(room, await claimOf(room, await room.accept()), null);
      expect(room.ledger.spending.today('default', room.now)).toMatchObject({
        runs: 1,
        costUsd: 0,
        unknownCost: 1,
        turns: 1,
        tokens: 11,
      });
      await spend(room, await claimOf(room, await room.accept()), 0.5);
      room.budgets = { default: { budget: budget({ costUsd: 1, unknown: 'refuse' }) } };
      await room.accept();
      await nothingElse(room);
    });

    works('a run whose agent was never started spent nothing, which is known', async (room) => {
      const claim = await claimOf(room, await room.accept());
      await room.settle(claim, 'spawn_failed');
      await room.handBack(await claimOf(room, await room.accept()));
      expect(room.ledger.spending.today(null, room.now).runs).toBe(0);
    });

    works('what live runs have used so far counts', async (room) => {
      room.budgets = { default: { budget: budget({ costUsd: 1 }) } };
      const claim = await claimOf(room, await room.accept());
      room.ledger.spending.noteLive(claim.runId, 'default', usage(0.4).usage);
      expect(room.ledger.spending.allowance('default', room.now)).toMatchObject({
        costUsd: 0.6,
        turns: null,
      });
      room.ledger.spending.noteLive(claim.runId, 'default', usage(1).usage);
      await room.accept();
      await nothingElse(room);
    });

    test('50 jobs over 4 lanes: no lane over its concurrency, no budget passed by more than was in flight', async () => {
      const names = ['a', 'b', 'c', 'd'];
      const four = Object.fromEntries(
        names.map((lane, index) => [lane, { concurrency: index + 1, rate: null }]),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ lane: fc.nat(3), costCents: fc.integer({ min: 1, max: 40 }) }), {
            minLength: 50,
            maxLength: 50,
          }),
          fc.array(fc.integer({ min: 20, max: 300 }), { minLength: 4, maxLength: 4 }),
          fc.integer({ min: 100, max: 900 }),
          (jobs, budgets, all) =>
            EngineRoom.with(driver, four, async (room) => {
              const limits = names.map((_, index) => budgets[index] ?? 0);
              room.budgets = Object.fromEntries(
                names.map((lane, index) => [lane, { budget: budget({ tokens: limits[index] ?? 0 }) }]),
              );
              room.dayBudget = budget({ tokens: all });
              const cost = new Map<JobId, number>();
              const ids = await room.acceptAll(jobs.map(({ lane }) => ({ lane: names[lane] ?? '' })));
              ids.forEach((id, index) => cost.set(id, jobs[index]?.costCents ?? 0));
              const spent = new Map<string, number>();
              let total = 0;
              for (;;) {
                const live = room.ledger.claims.liveRuns();
                for (const [index, lane] of names.entries())
                  expect(room.ledger.claims.runningIn(lane)).toBeLessThanOrEqual(index + 1);
                if (live.length === 0) break;
                const claim = await room.next();
                const before = spent.get(claim.lane) ?? 0;
                const inputTokens = cost.get(claim.jobId) ?? 0;
                await room.ledger.commit(() => room.ledger.claims.recordStart(claim, 'worker', room.now));
                const used = { inputTokens, outputTokens: 0, costUsd: null, turns: 1 };
                await room.settle(claim, 'done', { usage: used });
                spent.set(claim.lane, before + inputTokens);
                total += inputTokens;
              }
              for (const [index, lane] of names.entries())
                expect(spent.get(lane) ?? 0).toBeLessThan((limits[index] ?? 0) + 40 * (index + 1));
              expect(total).toBeLessThan(all + 40 * 10);
              // What is left waits for the next day, and then goes on.
              for (const id of ids) expect(['queued', 'succeeded']).toContain(room.state(id));
              if (ids.every((id) => room.state(id) === 'succeeded')) return;
              await room.pass(nextDayAt(room.now) - room.now);
              expect(room.ledger.claims.liveRuns().length).toBeGreaterThan(0);
            }),
        ),
        { numRuns: 12 },
      );
    });
  });

  describe(`${name}: an executor at its usage limit`, () => {
    works('has its other jobs parked without a run until the reset, which then go on', async (room) => {
      const [first, second, third] = await room.acceptAll([{}, {}, {}]);
      const one = await room.nextFor(first ?? never());
      const two = await room.nextFor(second ?? never());
      const until = room.now + hour;
      await room.settle(one, 'rate_limited', { until, message: 'At the limit.' });
      expect(room.ledger.jobs.get(third ?? never())).toMatchObject({
        state: 'parked',
        dueAt: until,
        attempts: 0,
        crashes: 0,
        parks: 0,
        error: { code: 'HOMER_USAGE_LIMIT', message: 'At the limit.' },
      });
      expect(room.ledger.claims.runsOf(third ?? never())).toEqual([]);
      await nothingElse(room);
      await room.restart('by a crash', async ({ ledger, now }) => {
        await ledger.commit(() => ledger.claims.adopt(two.runId, now));
      });
      const later = await room.accept();
      await nothingElse(room);
      expect(room.state(later)).toBe('parked');
      await room.pass(hour);
      await room.settle(await room.nextFor(first ?? never()));
    });

    works('others are not held up, and a success ends it', async (room) => {
      const limited = await room.nextFor(await room.accept());
      const running = await room.nextFor(await room.accept());
      await room.settle(limited, 'rate_limited', { until: room.now + hour });
      const other = await room.accept({ executor: 'other' });
      await room.settle(await room.nextFor(other));
      await room.settle(running);
      expect(room.ledger.usageLimits.inForce(room.now)).toEqual([]);
      await room.settle(await room.nextFor(await room.accept()));
    });

    works('a job that allows it goes on with the next executor, in its place', async (room) => {
      const chain = { fallback: ['b', 'c'] };
      const first = await room.accept(chain);
      const claim = await room.nextFor(first);
      await room.ledger.commit(() => room.ledger.claims.recordSession(claim, 'its-own', room.now));
      await room.settle(claim, 'rate_limited', { until: room.now + hour, agentSessionId: 'its-own' });
      const next = await room.nextFor(first);
      expect(room.ledger.jobs.get(first)).toMatchObject({
        executor: 'b',
        fallback: ['c'],
        agentSessionId: null,
        attempts: 0,
      });
      expect(room.ledger.claims.runsOf(first).map(({ executor }) => executor)).toEqual(['shell', 'b']);
      // One that comes while the limit holds does not even try.
      const second = await room.accept(chain);
      const moved = await room.nextFor(second);
      expect(room.ledger.jobs.get(second).executor).toBe('b');
      await room.settle(next);
      await room.settle(moved, 'rate_limited', { until: room.now + hour });
      await room.settle(await room.nextFor(second), 'rate_limited', { until: room.now + 2 * hour });
      expect(room.ledger.jobs.get(second)).toMatchObject({
        state: 'parked',
        executor: 'c',
        fallback: [],
        dueAt: room.now + 2 * hour,
      });
    });

    works('a limit that was seen by a clock ahead of ours holds nobody up', async (room) => {
      const limited = await room.nextFor(await room.accept());
      room.now += 30 * 24 * hour;
      await room.settle(limited, 'rate_limited', { until: room.now + hour });
      room.now -= 30 * 24 * hour;
      await room.settle(await room.nextFor(await room.accept()));
    });

    works('a thousand jobs of it are parked, and those behind them start', async (room) => {
      const limited = await room.nextFor(await room.accept());
      await room.setPaused('default', true);
      await room.acceptAll(Array.from({ length: 1000 }, () => ({})));
      const other = await room.accept({ executor: 'other' });
      await room.settle(limited, 'rate_limited', { until: room.now + hour });
      await room.setPaused('default', false);
      await room.settle(await room.nextFor(other));
      expect(room.ledger.jobs.queuedIn('default')).toBe(0);
    });
  });
}

async function claimOf(room: EngineRoom, id: JobId): Promise<Claim> {
  return room.nextFor(id);
}

function never(): never {
  throw new Error('The list is shorter than what was put into it.');
}
