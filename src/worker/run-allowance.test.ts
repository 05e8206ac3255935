import { describe, expect, test } from 'vitest';
import type { JobId } from '../core/ids.ts';
import { decideAllowanceOf, reportOfNothingLeft } from './run-allowance.ts';

const job = {
  id: 'j1' as JobId,
  lane: 'work',
  executor: 'claude',
  countedFrom: 0,
  maxTurns: null,
  maxTokens: null,
  maxCostUsd: null,
};
const unlimited = { maxTurns: null, maxTokens: null, maxBudgetUsd: null };
const run = (fence: number, executor: string | null, turns: number | null, tokens: number | null = null) => ({
  fence,
  executor,
  usage: { turns, inputTokens: tokens, outputTokens: null, costUsd: null },
});

describe('what a run may use', () => {
  test('nothing is limited where nothing is said', () => {
    expect(decideAllowanceOf(job, unlimited, [run(1, 'claude', 5)])).toEqual({
      turns: null,
      tokens: null,
      costUsd: null,
      of: {},
    });
  });

  test('the narrower of job and executor, each named', () => {
    const limited = { ...job, maxTurns: 5, maxTokens: 100, maxCostUsd: 3 };
    expect(decideAllowanceOf(limited, { maxTurns: 9, maxTokens: 50, maxBudgetUsd: null }, [])).toEqual({
      turns: 5,
      tokens: 50,
      costUsd: 3,
      of: {
        turns: 'maxTurns of the job',
        tokens: 'maxTokens of the executor claude',
        costUsd: 'maxCostUsd of the job',
      },
    });
  });

  test('less what earlier runs used, up to a retry by hand, and never less than nothing', () => {
    const limited = { ...job, maxTurns: 10, maxTokens: 100, countedFrom: 1 };
    const earlier = [run(1, 'claude', 9), run(2, 'claude', 3, 60), run(3, 'claude', null, 70)];
    expect(decideAllowanceOf(limited, unlimited, earlier)).toMatchObject({ turns: 7, tokens: 0 });
  });

  test('what another executor used is not held against this one, but against the job', () => {
    const earlier = [run(1, 'codex', 4), run(2, 'claude', 1), run(3, null, 1)];
    const executor = { ...unlimited, maxTurns: 5 };
    expect(decideAllowanceOf(job, executor, earlier).turns).toBe(3);
    expect(decideAllowanceOf({ ...job, maxTurns: 8 }, executor, earlier)).toMatchObject({
      turns: 2,
      of: { turns: 'maxTurns of the job' },
    });
  });
});

test('a run for which nothing is left is not started, and says whose limit it is', () => {
  const allowance = decideAllowanceOf({ ...job, maxTurns: 2 }, unlimited, [run(1, 'claude', 2)]);
  expect(reportOfNothingLeft({ allowance })).toMatchObject({
    verdict: 'max_turns',
    message: 'Earlier runs of the job have used all of maxTurns of the job.',
  });
  const free = decideAllowanceOf(job, unlimited, []);
  expect(reportOfNothingLeft({ allowance: free })).toBeNull();
  const day = { turns: null, tokens: 0, costUsd: 1, of: 'lane work', until: 7 };
  expect(reportOfNothingLeft({ allowance: free, day })).toMatchObject({
    verdict: 'budget',
    until: 7,
    message: 'The budget of the day of lane work is used up.',
  });
});
