import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHomerError } from './errors.ts';
import { ageingMs, assertMove, isEnded, isMoveLegal, jobStates, orderKey, type JobState } from './job.ts';

/** Every legal move, as docs/states.md draws it. */
const legal: Readonly<Record<JobState, string>> = {
  scheduled: 'queued waiting cancelled',
  queued: 'queued running waiting parked cancelled',
  running: 'queued waiting parked succeeded failed cancelled',
  waiting: 'queued running waiting parked succeeded failed cancelled',
  parked: 'queued waiting cancelled',
  succeeded: '',
  failed: 'queued',
  cancelled: 'queued',
};

const pairs = jobStates.flatMap((from) => jobStates.map((to) => [from, to] as const));
const isDrawn = (from: JobState, to: JobState): boolean => legal[from].split(' ').includes(to);

test.each(pairs.filter(([from, to]) => isDrawn(from, to)))('%s → %s is legal', (from, to) => {
  expect(isMoveLegal(from, to)).toBe(true);
  expect(() => assertMove('j1', from, to)).not.toThrow();
});

test.each(pairs.filter(([from, to]) => !isDrawn(from, to)))('%s → %s is refused', (from, to) => {
  expect(isMoveLegal(from, to)).toBe(false);
  expect(() => assertMove('j1', from, to)).toThrow(`j1 cannot go from ${from} to ${to}`);
  try {
    assertMove('j1', from, to);
  } catch (error) {
    expect(isHomerError(error, 'HOMER_MOVE_REFUSED')).toBe(true);
  }
});

test('what has succeeded is never moved, and every other state can be left', () => {
  for (const state of jobStates) expect(legal[state] === '').toBe(state === 'succeeded');
  expect(jobStates.filter(isEnded)).toEqual(['succeeded', 'failed', 'cancelled']);
});

test('the higher priority goes first, unless the other has waited a minute longer for each step', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 42 }),
      fc.integer({ min: -100, max: 99 }),
      fc.integer({ min: 1, max: 200 }),
      fc.nat(200 * ageingMs),
      (at, low, steps, waited) => {
        const olderAndLower = orderKey(at, low);
        const newerAndHigher = orderKey(at + waited, low + steps);
        expect(newerAndHigher < olderAndLower).toBe(waited < steps * ageingMs);
      },
    ),
  );
});
