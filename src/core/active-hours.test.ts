import { expect, test } from 'vitest';
import { parseActiveHours } from './active-hours.ts';
import { hoursProblem, nextPlain, plainBetween } from './schedule.ts';

const iso = (at: number | null): string => new Date(at ?? 0).toISOString().slice(5, 16);

/** The first due times after a moment. */
function times(spec: string, activeHours: string, from: string, count: number, timeZone = 'UTC'): string[] {
  const timing = { kind: 'every', spec, timeZone, anchorAt: 0, activeHours } as const;
  const found: string[] = [];
  for (let at = nextPlain(timing, Date.parse(from)); at !== null && found.length < count;) {
    found.push(iso(at));
    at = nextPlain(timing, at);
  }
  return found;
}

test('due times stop at the end of the hours and go on where they begin', () => {
  expect(times('30m', '08:00-22:00', '2026-03-04T21:10Z', 3)).toEqual([
    '03-04T21:30',
    '03-05T08:00',
    '03-05T08:30',
  ]);
  expect(times('45m', '22:00-01:00', '2026-03-04T12:00Z', 4)).toEqual([
    '03-04T22:30',
    '03-04T23:15',
    '03-05T00:00',
    '03-05T00:45',
  ]);
});

test('the hours are those of the clock of the zone, also when it changes', () =>
  expect(times('1h', '08:00-09:00', '2026-03-28T00:00Z', 3, 'Europe/Berlin')).toEqual([
    '03-28T07:00',
    '03-29T06:00',
    '03-30T06:00',
  ]));

test('a rule whose times never fall into its hours is never due', () =>
  expect(times('1d', '08:00-09:00', '2026-03-28T00:00Z', 1)).toEqual([]));

test('of a time of absence there are the times within the hours, the newest of them', () => {
  const timing = {
    kind: 'every',
    spec: '1h',
    timeZone: 'UTC',
    anchorAt: 0,
    activeHours: '08:00-11:00',
  } as const;
  const between = (limit: number): string[] =>
    plainBetween(timing, Date.parse('2026-03-04T09:30Z'), Date.parse('2026-03-05T09:00Z'), limit).map(iso);
  expect(between(10)).toEqual(['03-04T10:00', '03-05T08:00', '03-05T09:00']);
  expect(between(2)).toEqual(['03-05T08:00', '03-05T09:00']);
});

test.each(['8:00-22:00', '08:00', '24:00-08:00', '08:00-08:00', '00:00-24:00', ''])(
  '%j are no hours',
  (text) => expect(parseActiveHours(text)).toBeNull(),
);

test('hours go with `every` of a minute or more', () => {
  expect(hoursProblem('every', '1m', '08:00-24:00')).toBeNull();
  expect(hoursProblem('every', '30s', '08:00-22:00')).toMatch(/minute/);
  expect(hoursProblem('cron', '* * * * *', '08:00-22:00')).toMatch(/every/);
});
