import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChance, idRandomBytes, isJobId, isRunId, newJobId, newRunId, runIdsFrom } from './ids.ts';

const bytes = fc.uint8Array({ minLength: idRandomBytes, maxLength: idRandomBytes });
const time = fc.integer({ min: 0, max: 2 ** 45 - 1 });

test('an id is told by its shape, and a job is never taken for a run', () => {
  fc.assert(
    fc.property(time, bytes, (now, random) => {
      const job = newJobId(now, random);
      const run = newRunId(now, random);
      expect([isJobId(job), isRunId(job), isRunId(run), isJobId(run)]).toEqual([true, false, true, false]);
      expect(`${job}${run}`).not.toMatch(/[ilou]/);
    }),
  );
});

test.each([
  '',
  'j',
  'j0',
  'J0123456789abcdefghj',
  'j0123456789abcdefghi',
  'j0123456789abcdefghj ',
  '../etc/passwd',
])('"%s" is no id', (text) => expect(isJobId(text) || isRunId(text)).toBe(false));

test('ids sort by the time at which they were made', () => {
  fc.assert(
    fc.property(time, time, bytes, bytes, (a, b, one, other) => {
      fc.pre(a < b);
      expect(newJobId(a, one) < newJobId(b, other)).toBe(true);
      expect(newRunId(a, one) < runIdsFrom(b)).toBe(true);
      expect(newRunId(b, other) >= runIdsFrom(b)).toBe(true);
    }),
  );
});

test('ids of one millisecond differ and sort in the order in which they were made, until chance wraps', () => {
  fc.assert(
    fc.property(time, (now) => {
      const chance = createChance((fresh) => fresh.fill(7));
      const ids = Array.from({ length: 2_000 }, () => newRunId(now, chance(now)));
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual([...ids].sort());
    }),
    { numRuns: 5 },
  );
});

test('chance is drawn afresh for another millisecond, also for an earlier one', () => {
  let drawn = 0;
  const chance = createChance((fresh) => fresh.fill(++drawn));
  for (const now of [1, 1, 2, 1]) chance(now);
  expect(drawn).toBe(3);
});
