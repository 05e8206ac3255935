// The door to the reader of reminders. Dates with names of months are chrono's to read; it takes a tenth of a second to load, and is
// loaded when the first reminder is said.

import type { CalendarDate, ReadNamedDate } from './day.ts';
import { readReminder, type Outcome } from './read.ts';

export type { Outcome, Reading } from './read.ts';
export { tellMoment, tellReading } from './tell.ts';

/** Reads a phrase at a moment (ms since the epoch), where nothing else is said in this zone. Never throws. */
export type ReadPhrase = (phrase: string, now: number, timeZone: string) => Outcome;

export async function openReader(): Promise<ReadPhrase> {
  const readNamed = await openNamedDates();
  return (phrase, now, timeZone) => readReminder(phrase, { now, timeZone, readNamed });
}

async function openNamedDates(): Promise<ReadNamedDate> {
  const { GB: chrono } = await import('chrono-node/en');
  return (text: string, { year, month, day }: CalendarDate) => {
    // Noon of that day for a chrono that thinks itself in UTC, so that no zone of this host comes in between.
    const instant = new Date(Date.UTC(year, month - 1, day, 12));
    const [found, other] = chrono.parse(text, { instant, timezone: 0 }, { forwardDate: true });
    const start = found?.start;
    if (found === undefined || other !== undefined || start?.isCertain('day') !== true) return null;
    const [years, months, days] = [start.get('year'), start.get('month'), start.get('day')];
    if (years === null || months === null || days === null) return null;
    return { year: years, month: months, day: days, isYearSaid: start.isCertain('year') };
  };
}
