import { describe, expect, test } from 'vitest';
import { noAllowance } from './allowance.ts';
import { decideClosed, leftOfBudgets, nothingSpent, type Budget } from './budget.ts';
import { dayOf, nextDayAt } from './day.ts';

const budget = (changes: Partial<Budget>): Budget => ({ ...noAllowance, unknown: 'count', ...changes });

describe('a budget of the day', () => {
  test.each([
    [{}, { costUsd: 100 }, null],
    [{ costUsd: 5 }, { costUsd: 4.99 }, null],
    [{ costUsd: 5 }, { costUsd: 5 }, '$5 of $5 a day are used'],
    [{ costUsd: 5 }, { costUsd: 5.12345 }, '$5.1235 of $5 a day are used'],
    [{ turns: 1 }, { turns: 1 }, '1 turn of 1 turn a day are used'],
    [{ tokens: 10, costUsd: 1 }, { tokens: 11 }, '11 tokens of 10 tokens a day are used'],
    // Unknown is counted, and takes nothing away unless that is wanted.
    [{ costUsd: 5 }, { runs: 3, unknownCost: 3 }, null],
    [{ costUsd: 5, unknown: 'refuse' }, { runs: 1, unknownCost: 1 }, 'a run of unknown cost ended today'],
    [
      { tokens: 5, unknown: 'refuse' },
      { runs: 2, unknownTokens: 2 },
      '2 runs of unknown number of tokens ended today',
    ],
    [{ tokens: 5, unknown: 'refuse' }, { runs: 1, unknownCost: 1 }, null],
  ] as const)('%j with %j spent: %j', (changes, spent, why) => {
    expect(decideClosed(budget(changes), { ...nothingSpent, ...spent })).toBe(why);
  });

  test('what is left is the least of all budgets, and never less than nothing', () => {
    const spent = { ...nothingSpent, costUsd: 3, turns: 7 };
    expect(
      leftOfBudgets([
        { budget: budget({ costUsd: 5, turns: 6 }), spent },
        { budget: null, spent },
        { budget: budget({ costUsd: 4, tokens: 10 }), spent },
      ]),
    ).toEqual({ costUsd: 1, turns: 0, tokens: 10 });
    expect(leftOfBudgets([])).toEqual(noAllowance);
  });
});

test('a day is that of the calendar, whatever its length', () => {
  const noon = new Date(2026, 2, 29, 12).getTime();
  expect(dayOf(noon)).toBe('2026-03-29');
  expect(nextDayAt(noon)).toBe(new Date(2026, 2, 30).getTime());
  expect(dayOf(nextDayAt(noon) - 1)).toBe('2026-03-29');
  expect(dayOf(nextDayAt(noon))).toBe('2026-03-30');
  expect(dayOf(new Date(2026, 11, 31, 23, 59).getTime())).toBe('2026-12-31');
});
