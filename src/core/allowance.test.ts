import { expect, test } from 'vitest';
import { believable, withNews } from './allowance.ts';

const nothing = { inputTokens: null, outputTokens: null, costUsd: null };

test.each([1.5, -1, 1e16, 1e300, Number.NaN, Number.POSITIVE_INFINITY])('%d tokens are unknown', (count) => {
  expect(believable({ inputTokens: count, outputTokens: count, costUsd: null, turns: count })).toEqual({
    ...nothing,
    turns: null,
  });
});

test.each([-1_000, 1e300, Number.NaN])('$%d were never spent', (costUsd) => {
  expect(believable({ ...nothing, costUsd })).toEqual(nothing);
});

test('what was used stays as it is, and news that cannot be changes nothing', () => {
  const used = { inputTokens: 12, outputTokens: 0, costUsd: 0.25, turns: 3 };
  expect(believable(used)).toEqual(used);
  expect(withNews(used, { inputTokens: 1.5, outputTokens: -1, costUsd: -5, turns: 0.5 })).toEqual(used);
});
