import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';
import { describeIssue } from './problem.ts';
import { fileSchema } from './schema.ts';

const problemsOf = (value: unknown): string[] =>
  (fileSchema.safeParse(value).error?.issues ?? [])
    .flatMap((issue) => describeIssue(issue, value))
    .map(({ path, message }) => `${path.join('.')} ${message}`);

test('a slip in a key is told with the key that was meant', () => {
  expect(problemsOf({ budgte: { turns: 1 } })[0]).toMatch(
    /^budgte is not a known key; .*; did you mean budget\?$/,
  );
  expect(problemsOf({ telegram: { token: 'x', alow: [] } })[0]).toMatch(/did you mean allow\?$/);
  expect(problemsOf({ schedules: { a: { every: '1h', promt: 'x', prompt: 'y' } } })[0]).toMatch(
    /did you mean prompt\?/,
  );
  expect(problemsOf({ something: 1 })[0]).not.toContain('did you mean');
  expect(nearest('x', ['at', 'y'])).toBeNull();
});

test('a time written where milliseconds stand is told in milliseconds', () => {
  const shell = { kind: 'command', argv: ['sh'], timeoutMs: '30m' };
  expect(problemsOf({ executors: { shell } })).toEqual([
    'executors.shell.timeoutMs "30m" is not a number of milliseconds, such as 1800000',
  ]);
  expect(problemsOf({ drain: { timeoutMs: 'soon' } })[0]).toContain('milliseconds, such as 1800000');
});
