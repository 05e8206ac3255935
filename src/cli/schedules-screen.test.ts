import { expect, test } from 'vitest';
import { clocks, refusalOf } from './schedules-screen.ts';

const now = Date.parse('2026-11-25T23:30:00Z');

test('times are shown on the clock of their zone, with the day where it is not today there', () => {
  const times = ['2026-11-26T07:00:00.000Z', '2026-11-26T23:30:00.000Z'];
  expect(clocks(times, 'UTC', now)).toEqual(['2026-11-26 07:00', '2026-11-26 23:30']);
  // In Berlin it is the 26th already.
  expect(clocks(times, 'Europe/Berlin', now)).toEqual(['08:00', '2026-11-27 00:30']);
});

test('times less than a minute apart have their seconds', () => {
  const times = ['2026-11-25T23:30:20.000Z', '2026-11-25T23:30:40.000Z'];
  expect(clocks(times, 'UTC', now)).toEqual(['23:30:20', '23:30:40']);
  expect(clocks(times.slice(1), 'UTC', now)).toEqual(['23:30']);
});

test('a refusal is told without its code', () => {
  expect(refusalOf('HOMER_EXECUTOR_UNKNOWN: There is no executor "x".')).toEqual({
    code: 'HOMER_EXECUTOR_UNKNOWN',
    message: 'There is no executor "x".',
  });
  expect(refusalOf('its schedule was paused')).toBeNull();
  expect(refusalOf(null)).toBeNull();
});
