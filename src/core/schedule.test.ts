import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronProblem } from './cron-fields.ts';
import {
  jitterOf,
  nextPlain,
  normalSpec,
  parseMoment,
  parseStep,
  plainBetween,
  timingProblem,
} from './schedule.ts';
import { isTimeZone, momentOf, plusMonths, wallAt } from './wall-clock.ts';

const utc = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const ms = (text: string): number => Date.parse(text);
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'UTC',
  'Pacific/Apia',
];

describe('the clock on the wall', () => {
  test.each([
    // Spring: 02:30 is left out, and the moment is the one at which the clock goes over it.
    ['Europe/Berlin', [2026, 3, 29, 2, 30], '2026-03-29T01:00:00.000Z', false],
    ['America/New_York', [2026, 3, 8, 2, 30], '2026-03-08T07:00:00.000Z', false],
    // Half an hour only: from 02:00 to 02:30.
    ['Australia/Lord_Howe', [2026, 10, 4, 2, 15], '2026-10-03T15:30:00.000Z', false],
    ['Australia/Lord_Howe', [2026, 10, 4, 2, 30], '2026-10-03T15:30:00.000Z', true],
    // Autumn: what comes twice is the first.
    ['Europe/Berlin', [2026, 10, 25, 2, 30], '2026-10-25T00:30:00.000Z', true],
    ['America/New_York', [2026, 11, 1, 1, 30], '2026-11-01T05:30:00.000Z', true],
    ['Australia/Lord_Howe', [2026, 4, 5, 1, 45], '2026-04-04T14:45:00.000Z', true],
    // A whole day was left out on this island.
    ['Pacific/Apia', [2011, 12, 30, 12, 0], '2011-12-30T10:00:00.000Z', false],
  ])('in %s, %j is %s', (zone, [year = 0, month = 0, day = 0, hour = 0, minute = 0], expected, exists) => {
    const found = momentOf({ year, month, day, hour, minute, second: 0 }, zone);
    expect({ at: utc(found.at), exists: found.exists }).toEqual({ at: expected, exists });
  });

  test('shows what it was asked for, in every zone and at every second', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: ms('1971-01-01T00:00:00Z') / 1000, max: ms('2080-01-01T00:00:00Z') / 1000 }),
        fc.constantFrom(...zones),
        (second, zone) => {
          const wall = wallAt(second * 1000, zone);
          const { at, exists } = momentOf(wall, zone);
          expect(exists).toBe(true);
          expect(wallAt(at, zone)).toEqual(wall);
          // Only what comes twice is another moment, the first of the two.
          expect([0, 1800, 3600]).toContain(second - at / 1000);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a month on from the last day is the last day', () => {
    const wall = { year: 2027, month: 1, day: 31, hour: 8, minute: 0, second: 0 };
    expect(plusMonths(wall, 1)).toMatchObject({ month: 2, day: 28 });
    expect(plusMonths(wall, 13)).toMatchObject({ year: 2028, month: 2, day: 29 });
  });

  test.each(['Mars/Olympus', '+02:00', '', 'Europe/Berlin; DROP TABLE', '../etc', 'x'.repeat(99)])(
    '"%s" is no zone',
    (text) => expect(isTimeZone(text)).toBe(false),
  );
});

describe('rules', () => {
  const every = (spec: string, anchor: string, timeZone = 'UTC') =>
    ({ kind: 'every', spec, timeZone, anchorAt: ms(anchor) }) as const;

  test('days keep their time of day when the clocks change, hours do not', () => {
    const days = every('1d', '2026-03-28T08:00:00Z', 'Europe/Berlin');
    expect(utc(nextPlain(days, ms('2026-03-28T08:00:00Z')))).toBe('2026-03-29T07:00:00.000Z');
    const hours = every('24h', '2026-03-28T08:00:00Z', 'Europe/Berlin');
    expect(utc(nextPlain(hours, ms('2026-03-28T08:00:00Z')))).toBe('2026-03-29T08:00:00.000Z');
    const weeks = every('2w', '2026-10-16T14:30:00Z', 'Europe/Berlin');
    expect(utc(nextPlain(weeks, ms('2026-10-17T00:00:00Z')))).toBe('2026-10-30T15:30:00.000Z');
  });

  test('the times between are those that come one after the other, and the newest when there are too many', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('7s', '90s', '1h', '1d', '2w'),
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (spec, zone, steps, limit) => {
          const timing = every(spec, '2026-03-01T01:30:00Z', zone);
          const after = timing.anchorAt + 12_345;
          const all: number[] = [];
          for (
            let at = nextPlain(timing, after);
            at !== null && all.length < steps;
            at = nextPlain(timing, at)
          )
            all.push(at);
          const until = all.at(-1) ?? after;
          expect(plainBetween(timing, after, until, limit)).toEqual(all.slice(-limit));
        },
      ),
    );
  });

  test('counting back over thirty years of seconds takes no time', () => {
    const timing = every('1s', '2026-01-01T00:00:00Z');
    const before = performance.now();
    expect(plainBetween(timing, timing.anchorAt, ms('2056-01-01T00:00:00Z'), 1_000)).toHaveLength(1_000);
    expect(performance.now() - before).toBeLessThan(500);
  });

  test('a time that there is not is no time', () => {
    expect(parseMoment('2026-02-30T08:00:00Z')).toBeNull();
    expect(parseMoment('2026-02-28T08:00:00')).toBeNull();
    expect(utc(parseMoment('2026-02-28T08:00+01:00'))).toBe('2026-02-28T07:00:00.000Z');
    expect(normalSpec('at', '2026-12-24 18:00', 'Europe/Berlin')).toBe('2026-12-24T17:00:00.000Z');
    expect(normalSpec('at', '2026-02-30 18:00', 'Europe/Berlin')).toBe('2026-02-30 18:00');
    for (const spec of ['0s', '-1m', '1.5h', '5', 'h', '999999999w', '1y'])
      expect(parseStep(spec), spec).toBeNull();
    expect(timingProblem('every', '1h', 'Mars/Olympus')).toContain('time zone');
  });
});

describe('cron expressions', () => {
  test.each([
    '0 8 * * 1-5',
    '*/5 * * * *',
    '30 6 1,15 * *',
    '0 0 * JAN-MAR sun',
    '0 9 L * *',
    '0 9 * * FRI#2',
    '0 9 * * 5#L',
    '10-50/20 * * * *',
    '0 0 3 * * *',
    '0 8 * * 7',
  ])('"%s" is one', (text) => expect(cronProblem(text)).toBeNull());
  test.each([
    '',
    '* * * *',
    '61 * * * *',
    '*/0 * * * *',
    '5-1 * * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '@daily',
    '* * * * * * *',
    '0 8 * * MONDAY',
    '1/5 * * * *',
    'a b c d e',
    `${'1,'.repeat(200)}1 * * * *`,
    '0 8 * *\t1',
  ])('"%s" is none', (text) => expect(cronProblem(text)).not.toBeNull());
});

test('jitter is the same for the same occurrence, spread over others, and never out of bounds', () => {
  const seen = new Set<number>();
  for (let due = 0; due < 2_000; due++) {
    const jitter = jitterOf('c0123456789abcdefghj', due * 60_000, 30_000);
    expect(jitterOf('c0123456789abcdefghj', due * 60_000, 30_000)).toBe(jitter);
    expect(jitter).toBeGreaterThanOrEqual(0);
    expect(jitter).toBeLessThanOrEqual(30_000);
    seen.add(Math.floor(jitter / 3_001));
  }
  expect(seen.size).toBe(10);
  expect(jitterOf('c', 1, 0)).toBe(0);
});
