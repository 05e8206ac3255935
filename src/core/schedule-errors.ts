// Errors of schedules and reminders.

import type { ErrorEntry } from './error-entry.ts';

export const scheduleErrors = {
  HOMER_SCHEDULE_UNKNOWN: {
    status: 404,
    exit: 1,
    title: 'There is no such schedule',
    hint: '`homer schedules` and `homer remind list` list them.',
  },
  HOMER_SCHEDULE_EXISTS: {
    status: 409,
    exit: 1,
    title: 'There is a schedule of this name',
    hint: 'Choose another name, or change the one there is with `homer schedules edit NAME`.',
  },
  HOMER_SCHEDULE_FIXED: {
    status: 409,
    exit: 1,
    title: 'This schedule stands in config.yaml',
    hint: 'Change it there; at run time it can be paused, resumed and run.',
  },
  HOMER_SCHEDULE_INVALID: {
    status: 400,
    exit: 2,
    title: 'This is no rule in time that can be followed',
    hint: 'See docs/schedules.md: --at, --every or --cron, and a time zone like Europe/Berlin.',
  },
  HOMER_SCHEDULE_OVER: {
    status: 409,
    exit: 1,
    title: 'This schedule is never due again',
    hint: 'Give it a time to come: `homer schedules edit NAME`.',
  },
  HOMER_SCHEDULE_PAST: {
    status: 400,
    exit: 2,
    title: 'The time of this schedule has passed',
    hint: 'Give it a time to come.',
  },
  HOMER_SCHEDULE_NO_JOB: {
    status: 409,
    exit: 1,
    title: 'This schedule was run and made no job',
    hint: '`homer schedules log NAME` says why.',
  },
  HOMER_REMINDER_UNCLEAR: {
    status: 400,
    exit: 2,
    title: 'The time of this reminder cannot be read',
    hint: "Put the time first or last: homer remind 'tomorrow at 9am to call Bob'.",
  },
  HOMER_REMINDER_AMBIGUOUS: {
    status: 409,
    exit: 2,
    title: 'This reminder can be read in more than one way',
    hint: 'Choose one of the readings and ask for it in its own words.',
  },
  HOMER_REMINDER_PAST: {
    status: 400,
    exit: 2,
    title: 'The time of this reminder has passed',
    hint: 'Say a time to come, with the day if it is not today.',
  },
} as const satisfies Record<string, ErrorEntry>;
