// What runs may use in a day, of a lane or of all lanes together, and what is left of it.

import { amount, leftOf, measures, narrower, noAllowance, spentMeasure } from './allowance.ts';
import type { Allowance, Measure } from './allowance.ts';

export interface Budget extends Allowance {
  /**
   * What a run whose usage is unknown means: `count`, it is counted and told, and takes nothing away; `refuse`, nobody
   * knows what is left, so nothing more is started that day.
   */
  readonly unknown: 'count' | 'refuse';
}

/** What the runs of a day used. What is unknown is counted in runs, never as 0. */
export interface Spent {
  readonly runs: number;
  readonly turns: number;
  readonly tokens: number;
  readonly costUsd: number;
  readonly unknownTurns: number;
  readonly unknownTokens: number;
  readonly unknownCost: number;
}

export const nothingSpent: Spent = {
  runs: 0,
  turns: 0,
  tokens: 0,
  costUsd: 0,
  unknownTurns: 0,
  unknownTokens: 0,
  unknownCost: 0,
};

const unknownOf: Readonly<Record<Measure, keyof Spent>> = {
  turns: 'unknownTurns',
  tokens: 'unknownTokens',
  costUsd: 'unknownCost',
};

/** Why nothing more is started on this budget today; null: something is left of each measure. */
export function decideClosed(budget: Budget, spent: Spent): string | null {
  const measure = spentMeasure(leftOfBudget(budget, spent));
  if (measure !== null)
    return `${amount(measure, spent[measure])} of ${amount(measure, budget[measure] ?? 0)} a day are used`;
  if (budget.unknown === 'count') return null;
  const unknown = measures.find((each) => budget[each] !== null && spent[unknownOf[each]] > 0);
  if (unknown === undefined) return null;
  const runs = spent[unknownOf[unknown]];
  const what = unknown === 'costUsd' ? 'cost' : `number of ${unknown}`;
  return `${runs === 1 ? 'a run' : `${runs} runs`} of unknown ${what} ended today`;
}

/** Whether it is what nobody knows that closes, so that more money would change nothing. */
export function isClosedByUnknown(budget: Budget, spent: Spent): boolean {
  return decideClosed(budget, spent) !== null && spentMeasure(leftOfBudget(budget, spent)) === null;
}

/** What is left of the budgets together, measure by measure; null stands for no budget. */
export function leftOfBudgets(budgets: readonly { budget: Budget | null; spent: Spent }[]): Allowance {
  return budgets.reduce<Allowance>(
    (left, { budget, spent }) => (budget === null ? left : narrower(left, leftOfBudget(budget, spent))),
    noAllowance,
  );
}

function leftOfBudget(budget: Budget, { turns, tokens, costUsd }: Spent): Allowance {
  return leftOf(budget, [{ turns, inputTokens: tokens, outputTokens: null, costUsd }]);
}

/** How much of a budget is used, 1 is all of it: of the measure that is nearest to its end. */
export function usedPart(budget: Budget, spent: Spent): number {
  return Math.max(
    0,
    ...measures.map((measure) => {
      const limit = budget[measure];
      if (limit === null) return 0;
      return limit === 0 ? 1 : spent[measure] / limit;
    }),
  );
}
