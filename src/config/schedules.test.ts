import { expect, test } from 'vitest';
import { findPastSchedules } from './schedules.ts';

test('a schedule of the file whose only time has passed is named', () => {
  const now = Date.parse('2026-11-25T19:00:00Z');
  const prompt = 'true';
  const file = {
    past: { at: '2020-12-24 18:00', timeZone: 'Europe/Berlin', prompt },
    off: { at: '2020-12-24 18:00', timeZone: 'Europe/Berlin', prompt, enabled: false },
    coming: { at: '2026-11-25 20:01', timeZone: 'Europe/Berlin', prompt },
    often: { every: '1h', prompt },
  };
  expect(findPastSchedules(file, now)).toEqual([
    { path: ['schedules', 'past', 'at'], at: 'value', message: 'has passed; it is not due any more' },
  ]);
});
