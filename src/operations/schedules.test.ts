import { expect, test } from 'vitest';
import { changedRules } from './schedule-rules.ts';
import { refusePast } from './schedules.ts';
import { loadCalendar } from '../scheduler/calendar.ts';

const calendar = await loadCalendar();
const now = Date.parse('2026-11-25T19:00:00Z');

test('a schedule that is never due is refused', () => {
  const refuse = (kind: 'at' | 'every' | 'cron', spec: string): void => {
    refusePast(calendar, changedRules(null, { kind, spec, prompt: 'true', timeZone: 'Europe/Berlin' }), now);
  };
  expect(() => refuse('at', '2020-12-24 18:00')).toThrow(
    expect.objectContaining({
      code: 'HOMER_SCHEDULE_PAST',
      message: 'That was on Thursday, 24 December 2020, 18:00 (Europe/Berlin).',
    }),
  );
  expect(() => refuse('cron', '0 8 30 2 *')).toThrow(
    expect.objectContaining({ code: 'HOMER_SCHEDULE_INVALID', message: '"0 8 30 2 *" is never due.' }),
  );
  expect(() => refuse('at', '2026-11-25 20:01')).not.toThrow();
  expect(() => refuse('every', '30m')).not.toThrow();
  expect(() => refuse('cron', '0 8 29 2 *')).not.toThrow();
});
