import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptBackoff, nextBackoffMs, offlineBackoff } from './retry.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a backoff doubles from its base to its cap, and jitters over its upper half only', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      random,
      fc.constantFrom(attemptBackoff, offlineBackoff),
      (used, chance, backoff) => {
        const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** (used - 1));
        const wait = nextBackoffMs(used, chance, backoff);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(full / 2));
        expect(wait).toBeLessThanOrEqual(full);
      },
    ),
  );
});

test('jobs that failed together do not come back together', () => {
  const waits = Array.from({ length: 100 }, (_, i) => nextBackoffMs(3, i / 100, attemptBackoff));
  expect(new Set(waits).size).toBe(100);
});

test('no count of failures, however wrong, gives a wait that is not a time', () => {
  for (const used of [-3, 0, 1]) expect(nextBackoffMs(used, 0, attemptBackoff)).toBe(1_000);
  expect(nextBackoffMs(5_000, 0.999, attemptBackoff)).toBeLessThanOrEqual(attemptBackoff.capMs);
});
