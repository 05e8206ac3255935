import { expect, test } from 'vitest';
import { decideKept, believed } from './backup.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const hourMs = 3_600_000;
const keep = { hourly: 24, daily: 7, weekly: 4 };

test('after a year of hourly backups 24 hours, 7 days and 4 weeks are left, each by its newest', () => {
  const end = at('2026-03-04T10:30:00');
  let left: number[] = [];
  for (let hour = 365 * 24; hour >= 0; hour--) {
    left.push(end - hour * hourMs);
    const kept = decideKept(left, keep);
    left = left.filter((each) => kept.has(each));
  }
  const ages = left.map((each) => (end - each) / hourMs).sort((a, b) => a - b);
  expect(ages.slice(0, 24)).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
  // Wednesday 10:30: the last of each day is that of 23:30, the last of each week that of Sunday 23:30.
  expect(ages.slice(24).map((hours) => new Date(end - hours * hourMs).toISOString().slice(0, 16))).toEqual([
    '2026-03-02T23:30',
    '2026-03-01T23:30',
    '2026-02-28T23:30',
    '2026-02-27T23:30',
    '2026-02-26T23:30',
    '2026-02-22T23:30',
    '2026-02-15T23:30',
  ]);
});

test('a class that is 0 keeps none, and the newest stays whatever is configured', () => {
  const times = [at('2026-01-01T00:00:00'), at('2026-01-02T00:00:00')];
  expect([...decideKept(times, { hourly: 0, daily: 0, weekly: 0 })]).toEqual([times[1]]);
  expect(decideKept([], keep).size).toBe(0);
});

test('days without a backup do not use up what is kept: a machine that is on once a week has seven days', () => {
  const times = Array.from({ length: 20 }, (_, week) => at('2026-01-01T12:00:00') + week * 7 * 24 * hourMs);
  expect(decideKept(times, { hourly: 1, daily: 7, weekly: 0 }).size).toBe(7);
});

test('a time that lies ahead says nothing', () => {
  expect([believed(null, 5), believed(5, 5), believed(6, 5)]).toEqual([null, 5, null]);
});
