import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronProblem } from '../core/cron-fields.ts';
import { loadCalendar } from './calendar.ts';

const calendar = await loadCalendar();
const cron = (spec: string, timeZone: string) => ({ kind: 'cron', spec, timeZone, anchorAt: 0 }) as const;

function times(spec: string, zone: string, from: string, count: number): string[] {
  const found: string[] = [];
  for (let at = calendar.next(cron(spec, zone), Date.parse(from)); at !== null && found.length < count;) {
    found.push(new Date(at).toISOString().slice(0, 16));
    at = calendar.next(cron(spec, zone), at);
  }
  return found;
}

describe('when the clocks are put forward, a time that is left out fires when they are', () => {
  test.each([
    ['Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T00:30', '2026-03-31T00:30']],
    ['America/New_York', '2026-03-07T12:00Z', ['2026-03-08T07:00', '2026-03-09T06:30', '2026-03-10T06:30']],
    // 02:00 to 02:30 is left out: 02:30 is there.
    [
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30', '2026-10-04T15:30', '2026-10-05T15:30'],
    ],
  ])('02:30 in %s', (zone, from, expected) => expect(times('30 2 * * *', zone, from, 3)).toEqual(expected));

  test('02:15 in Australia/Lord_Howe, which half an hour leaves out', () =>
    expect(times('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', 2)).toEqual([
      '2026-10-03T15:30',
      '2026-10-04T15:15',
    ]));
});

describe('when the clocks are put back, a time that comes twice fires the first time only', () => {
  test.each([
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    ['30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', ['2026-11-01T05:30', '2026-11-02T06:30']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', ['2026-04-04T14:45', '2026-04-05T15:15']],
  ])('%s in %s', (spec, zone, from, expected) => expect(times(spec, zone, from, 2)).toEqual(expected));
});

test.each([
  [
    'Europe/Berlin',
    '2026-10-25T00:00Z',
    ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
  ],
  [
    'America/New_York',
    '2026-03-08T06:30Z',
    ['2026-03-08T07:00', '2026-03-08T07:30', '2026-03-08T08:00', '2026-03-08T08:30'],
  ],
  [
    'Australia/Lord_Howe',
    '2026-04-04T14:30Z',
    ['2026-04-04T15:00', '2026-04-04T15:30', '2026-04-04T16:00', '2026-04-04T16:30'],
  ],
])('every half hour in %s stays every half hour', (zone, from, expected) =>
  expect(times('*/30 * * * *', zone, from, 4)).toEqual(expected),
);

test('counted back from the end, the times are the same as counted on from the beginning', () => {
  const specs = [
    '30 2 * * *',
    '*/7 * * * *',
    '0 9 * * 1-5',
    '15 1 1 * *',
    '0 12 * * FRI#2',
    '*/20 * * * * *',
  ];
  const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];
  // Around every change of the clocks of that year, where the two ways could differ.
  const starts = [
    '2026-03-07T00:00Z',
    '2026-03-28T00:00Z',
    '2026-04-04T00:00Z',
    '2026-10-03T00:00Z',
    '2026-10-24T00:00Z',
    '2026-10-31T00:00Z',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...specs),
      fc.constantFrom(...zones),
      fc.constantFrom(...starts),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 999 }),
      (spec, zone, start, limit, millisecond) => {
        const from = Date.parse(start);
        const all = calendar.between(cron(spec, zone), from, from + 2 * 86_400_000 + millisecond, 100_000);
        expect(calendar.between(cron(spec, zone), from, from + 2 * 86_400_000 + millisecond, limit)).toEqual(
          all.slice(-limit),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('what is taken for a cron expression is one to croner too', () => {
  const field = (max: number, min = 0) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 1, max }).map((step) => `*/${step}`),
      fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${a}-${b}`),
      fc
        .array(fc.integer({ min, max: max + 1 }).map(String), { minLength: 1, maxLength: 4 })
        .map((list) => list.join(',')),
    );
  fc.assert(
    fc.property(field(59), field(23), field(31, 1), field(12, 1), field(7), (...fields) => {
      const spec = fields.join(' ');
      if (cronProblem(spec) === null) expect(() => calendar.check(cron(spec, 'UTC'))).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

test('a day that never comes is never due, and is said at once', () => {
  expect(calendar.next(cron('0 0 30 2 *', 'UTC'), 0)).toBeNull();
  expect(calendar.between(cron('0 0 30 2 *', 'UTC'), 0, Date.now(), 10)).toEqual([]);
});
