import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideAllowance, parseRate } from './rate.ts';

test.each([
  ['30/1m', 30, 60_000],
  ['5/s', 5, 1_000],
  [' 100 / 2h ', 100, 7_200_000],
  ['1/d', 1, 86_400_000],
])('%s is %d per %d ms', (text, count, perMs) => {
  expect(parseRate(text)).toEqual({ count, perMs });
});

test.each([
  '',
  '0/1m',
  '5',
  '5/',
  '/s',
  '5/0s',
  '-1/s',
  '1.5/s',
  '5/1w',
  '5/s;',
  '5/1 m m',
  '1e3/s',
  '9999999999/s',
])('"%s" is no rate', (text) => expect(parseRate(text)).toBeNull());

test('in no window of time are there more claims than the rate allows, and the named moment frees one', () => {
  fc.assert(
    fc.property(
      fc.record({ count: fc.integer({ min: 1, max: 5 }), perMs: fc.integer({ min: 1, max: 100 }) }),
      fc.array(fc.nat(30), { maxLength: 60 }),
      (rate, steps) => {
        const claims: number[] = [];
        let now = 1_000;
        for (const step of steps) {
          now += step;
          const { allowed, nextAt } = decideAllowance(rate, claims, now);
          if (allowed > 0) claims.push(now);
          else {
            expect(nextAt).toBeGreaterThan(now);
            expect(decideAllowance(rate, claims, (nextAt ?? 0) - 1).allowed).toBe(0);
            expect(decideAllowance(rate, claims, nextAt ?? 0).allowed).toBeGreaterThan(0);
          }
        }
        for (const end of claims)
          expect(claims.filter((at) => at <= end && at > end - rate.perMs).length).toBeLessThanOrEqual(
            rate.count,
          );
      },
    ),
  );
});

test('a clock that was set back does not stop a lane for good', () => {
  const { allowed } = decideAllowance({ count: 1, perMs: 1_000 }, [5_000_000], 1_000);
  expect(allowed).toBe(1);
});
