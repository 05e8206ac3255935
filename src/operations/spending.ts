// What runs used, what is left of the day's budgets, and which executors are at a usage limit.

import { z } from 'zod';
import { measures, usedOf, type Measure } from '../core/allowance.ts';
import { decideClosed, type Spent } from '../core/budget.ts';
import { dayOf, nextDayAt } from '../core/day.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { noUsage } from '../ledger/run-record.ts';
import type { BudgetUse } from '../ledger/spending.ts';
import { defineOperation, type Operation } from './operation.ts';

export const limitView = z.object({ executor: z.string(), until: z.iso.datetime(), reason: z.string() });

const amounts = {
  turns: z.int().nullable(),
  tokens: z.int().nullable(),
  costUsd: z.number().nullable(),
};

/** Null: of none of the runs it is known. `unknown`: of how many it is not. */
const used = {
  runs: z.int(),
  ...amounts,
  unknown: z.object({ turns: z.int(), tokens: z.int(), costUsd: z.int() }),
};

export const spendingView = z.object({
  /** "2026-03-01", by the calendar of the host. */
  day: z.string(),
  /** Runs that ended on the day. */
  spending: z.array(z.object({ lane: z.string(), executor: z.string(), ...used })),
  total: z.object(used),
  /** Of today only: what runs that go on have used so far. */
  live: z.object(used).nullable(),
  /** Of today only; what live runs have used is counted. */
  budgets: z.array(
    z.object({
      /** Null: all lanes together. */
      lane: z.string().nullable(),
      limit: z.object(amounts),
      used: z.object(amounts),
      unknown: z.enum(['count', 'refuse']),
      /** Why nothing more is started on it until the next day; null: it is open. */
      closed: z.object({ until: z.iso.datetime(), why: z.string() }).nullable(),
    }),
  ),
});

export type SpendingView = z.infer<typeof spendingView>;
type UsedView = SpendingView['total'];

export function spendingOperations(ledger: Ledger): readonly Operation[] {
  return [
    defineOperation({
      name: 'spending.get',
      input: z.strictObject({
        day: z.iso
          .date()
          .optional()
          .meta({ examples: ['2026-03-01'] }),
      }),
      output: spendingView,
      async handle({ day: asked }) {
        const now = ledger.now();
        const today = dayOf(now);
        const day = asked ?? today;
        const rows = ledger.spending.rows(day);
        const budgets = day === today ? ledger.spending.budgets(now) : [];
        return {
          output: {
            day,
            spending: rows.map(({ lane, executor, ...spent }) => ({ lane, executor, ...viewSpent(spent) })),
            total: viewSpent(sumOf(rows)),
            live: day === today ? viewSpent(liveOf(ledger)) : null,
            budgets: budgets.map((use) => viewBudget(use, now)),
          },
        };
      },
    }),
  ];
}

/** Executors at a usage limit, for the status. */
export function viewLimits(ledger: Ledger): z.infer<typeof limitView>[] {
  return ledger.usageLimits
    .inForce(ledger.now())
    .map((limit) => ({ ...limit, until: new Date(limit.until).toISOString() }));
}

function viewBudget({ lane, budget, spent }: BudgetUse, now: number): SpendingView['budgets'][number] {
  const { turns, tokens, costUsd, unknown } = budget;
  const why = decideClosed(budget, spent);
  return {
    lane,
    limit: { turns, tokens, costUsd },
    used: { turns: spent.turns, tokens: spent.tokens, costUsd: spent.costUsd },
    unknown,
    closed: why === null ? null : { until: new Date(nextDayAt(now)).toISOString(), why },
  };
}

function viewSpent(spent: Spent): UsedView {
  const { runs, unknownTurns, unknownTokens, unknownCost } = spent;
  const known = (value: number, unknown: number): number | null =>
    runs > 0 && unknown === runs ? null : value;
  return {
    runs,
    turns: known(spent.turns, unknownTurns),
    tokens: known(spent.tokens, unknownTokens),
    costUsd: known(spent.costUsd, unknownCost),
    unknown: { turns: unknownTurns, tokens: unknownTokens, costUsd: unknownCost },
  };
}

function liveOf(ledger: Ledger): Spent {
  // A run that has told nothing yet is live too, and what it used is not known.
  const told = new Map(ledger.spending.live().map(({ runId, usage }) => [runId, usage]));
  return sumOf(
    ledger.claims.liveRuns().map(({ id }) => {
      const usage = told.get(id) ?? noUsage;
      const known = (measure: Measure): number => usedOf(usage, measure) ?? 0;
      const missing = (measure: Measure): number => (usedOf(usage, measure) === null ? 1 : 0);
      const [unknownTurns = 0, unknownTokens = 0, unknownCost = 0] = measures.map(missing);
      const [turns = 0, tokens = 0, costUsd = 0] = measures.map(known);
      return { runs: 1, turns, tokens, costUsd, unknownTurns, unknownTokens, unknownCost };
    }),
  );
}

function sumOf(all: readonly Spent[]): Spent {
  const sum = (key: keyof Spent): number => all.reduce((total, each) => total + each[key], 0);
  return {
    runs: sum('runs'),
    turns: sum('turns'),
    tokens: sum('tokens'),
    costUsd: sum('costUsd'),
    unknownTurns: sum('unknownTurns'),
    unknownTokens: sum('unknownTokens'),
    unknownCost: sum('unknownCost'),
  };
}
