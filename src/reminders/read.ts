// A reminder as a person says it: when it is due, in the zone that is meant, and what it says. What can be read in two ways that
// matter is not guessed.

import { momentOf, plusDays, plusMonths, wallAt, weekdayOf, type Wall } from '../core/wall-clock.ts';
import type { ScheduleKind } from '../core/schedule.ts';
import type { CalendarDate, ReadNamedDate } from './day.ts';
import type { Expression } from './expression.ts';
import { findExpression } from './find.ts';
import type { Repeat } from './repeat.ts';
import { meanings, type ClockTime } from './time-of-day.ts';
import { digits } from './words.ts';

/** A rule in time, and what is to be said. */
export interface Reading {
  readonly kind: ScheduleKind;
  readonly spec: string;
  readonly timeZone: string;
  /** `every` counts from here, ms since the epoch. */
  readonly anchorAt: number;
  /** The first time; null: the calendar knows. */
  readonly firstAt: number | null;
  /** What it says. */
  readonly text: string;
  /** The time on the clock that was said does not exist on that day: the clocks are put forward over it. */
  readonly leapt: boolean;
  /** Words that mean this and nothing else. */
  readonly phrase: string;
}

export type Outcome =
  | { readonly is: 'read'; readonly reading: Reading }
  | { readonly is: 'ambiguous'; readonly why: string; readonly readings: readonly Reading[] }
  | { readonly is: 'past'; readonly at: number; readonly timeZone: string }
  | { readonly is: 'unclear'; readonly why: string };

export interface ReadingContext {
  readonly now: number;
  /** Where nothing else is said. */
  readonly timeZone: string;
  readonly readNamed: ReadNamedDate;
}

export const longestPhrase = 2_000;

/** Pure, and never throws. */
export function readReminder(said: string, context: ReadingContext): Outcome {
  if (said.length > longestPhrase) return unclear(`it is longer than ${longestPhrase} characters`);
  const phrase = said
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .replace(/^(?:please )?remind me(?: please)?[ ,:]*/i, '')
    .replace(/^once,? /i, '');
  if (phrase === '') return unclear('nothing was said');
  const today = wallAt(context.now, context.timeZone);
  const found = findExpression(phrase, today, context.readNamed);
  if ('unclear' in found) return unclear(found.unclear);
  const { expression, text, together } = found;
  if (text === '') return unclear('it says when, and not what');
  const outcome = decide(expression, text, context);
  if (together === null) return outcome;
  const other = decide(together.expression, together.text, context);
  const readings = [...readingsOf(outcome), ...readingsOf(other)];
  if (readings.length === 0) return other;
  const here = { now: context.now, timeZone: context.timeZone };
  return choose(readings, here, 'the time at its end may be that of the reminder or a part of its text');
}

function readingsOf(outcome: Outcome): readonly Reading[] {
  if (outcome.is === 'read') return [outcome.reading];
  return outcome.is === 'ambiguous' ? outcome.readings : [];
}

const unclear = (why: string): Outcome => ({ is: 'unclear', why });

function decide(expression: Expression, text: string, context: ReadingContext): Outcome {
  const timeZone = expression.zone ?? context.timeZone;
  const second = expression.time?.second ?? 0;
  const here = { now: context.now, timeZone, today: wallAt(context.now, timeZone), second, text };
  if (expression.repeat !== null) return decideRepeat(expression, expression.repeat, here);
  if (expression.ahead !== null) return decideAhead(expression, here);
  return decideDate(expression, here);
}

interface Here {
  readonly now: number;
  readonly timeZone: string;
  readonly today: Wall;
  /** What was said of the seconds. */
  readonly second: number;
  readonly text: string;
}

const longestAheadMs = 100 * 366 * 86_400_000;

function decideAhead({ ahead, time, period }: Expression, here: Here): Outcome {
  const { ms = 0, days = 0, months = 0 } = ahead ?? {};
  if (ms > longestAheadMs || days > 36_600 || months > 1_200) return unclear('this is too far ahead');
  if (ms > 0) return read(atReading(here.now + ms, here, false));
  if (days + months === 0) return unclear('"in 0" is now');
  const day = months > 0 ? plusMonths(here.today, months) : plusDays(here.today, days);
  if (time === null && period === null) return read(atWall(day, here));
  const times = meanings(time, period, true);
  return choose(
    times.map((each) => atWall(onClock(day, each, here), here)),
    here,
    bareDoubt,
  );
}

const bareDoubt = 'the hour may be in the morning or in the afternoon';

function decideDate({ day, time, period }: Expression, here: Here): Outcome {
  const saidPeriod = period ?? (day?.period === 'night' && time === null ? null : (day?.period ?? null));
  const isTonight = day?.period === 'night' && time === null && period === null;
  const times = isTonight ? [{ hour: 20, minute: 0, days: 0 }] : meanings(time, saidPeriod, day !== null);
  if (times.length === 0) return unclear('the hour and the part of the day do not fit');
  const dates: readonly CalendarDate[] = day?.dates ?? [here.today];
  const repeats = day === null ? 'day' : day.repeats;
  const readings = dates.flatMap((date) =>
    times.map((each) => upcoming({ ...here.today, ...dateOnly(date), second: 0 }, each, repeats, here)),
  );
  const doubt = day?.doubt ?? (period === 'midnight' ? 'midnight may begin the day or end it' : bareDoubt);
  return choose(readings, here, doubt);
}

const dateOnly = ({ year, month, day }: CalendarDate): CalendarDate => ({ year, month, day });

/** That time on that day; where it has passed, on the next such day. */
function upcoming(
  date: Wall,
  time: ClockTime,
  repeats: 'day' | 'week' | 'month' | 'year' | null,
  here: Here,
): Reading {
  const said = atWall(onClock(date, time, here), here);
  if (repeats === null || (said.firstAt ?? 0) > here.now) return said;
  const later = {
    day: () => plusDays(date, 1),
    week: () => plusDays(date, 7),
    month: () => plusMonths(date, 1),
    year: () => plusMonths(date, 12),
  };
  return atWall(onClock(later[repeats](), time, here), here);
}

function decideRepeat(expression: Expression, repeat: Repeat, here: Here): Outcome {
  const { now, timeZone, text } = here;
  if (here.second > 0) return unclear('what comes again comes on a full minute');
  if (repeat.by === 'span') {
    const phrase = `${expression.repeatText} ${timeZone}: ${text}`;
    const anchor = { anchorAt: Math.floor(now / 1_000) * 1_000, firstAt: null, leapt: false };
    return read({ kind: 'every', spec: repeat.spec, timeZone, ...anchor, text, phrase });
  }
  const period = expression.period ?? repeat.period;
  // Every midnight is the beginning of a day.
  const times = meanings(expression.time, period, period !== 'midnight').map((time) => ({
    ...time,
    days: 0,
  }));
  if (times.length === 0) return unclear('the hour and the part of the day do not fit');
  const readings = times.map((time): Reading => {
    const clock = `${digits(time.hour)}:${digits(time.minute)}`;
    const phrase = `${expression.repeatText} at ${clock} ${timeZone}: ${text}`;
    const common = {
      timeZone,
      text,
      leapt: false,
      phrase: phrase.replace(
        /(every|each) (morning|afternoon|evening|night|noon|midnight) at/i,
        'every day at',
      ),
    };
    if (repeat.by === 'cron')
      return {
        kind: 'cron',
        spec: `${time.minute} ${time.hour} ${repeat.days}`,
        anchorAt: now,
        firstAt: null,
        ...common,
      };
    const anchorAt = firstOf(repeat.weekday, time, here);
    return { kind: 'every', spec: repeat.spec, anchorAt, firstAt: anchorAt, ...common };
  });
  return choose(readings, here, bareDoubt);
}

/** The first such time to come. */
function firstOf(weekday: number | null, time: ClockTime, here: Here): number {
  for (let days = 0; days <= 8; days++) {
    const day = plusDays(here.today, days);
    if (weekday !== null && weekdayOf(day) !== weekday) continue;
    const { at } = momentOf(onClock(day, time, here), here.timeZone);
    if (at > here.now) return at;
  }
  return here.now;
}

function onClock(day: Wall, { hour, minute, days }: ClockTime, { second }: Pick<Here, 'second'>): Wall {
  return { ...plusDays(day, days), hour, minute, second };
}

function atWall(wall: Wall, here: Here): Reading {
  const { at, exists } = momentOf(wall, here.timeZone);
  return atReading(at, here, !exists);
}

function atReading(at: number, { timeZone, text }: Here, leapt: boolean): Reading {
  const { year, month, day, hour, minute, second } = wallAt(at, timeZone);
  const date = `${digits(year, 4)}-${digits(month)}-${digits(day)}`;
  const clock = `${digits(hour)}:${digits(minute)}${second > 0 ? `:${digits(second)}` : ''}`;
  const spec = Number.isNaN(at) ? '' : new Date(Math.floor(at / 1000) * 1000).toISOString();
  const phrase = `on ${date} at ${clock} ${timeZone}: ${text}`;
  return {
    kind: 'at',
    spec,
    timeZone,
    anchorAt: at,
    firstAt: Math.floor(at / 1000) * 1000,
    text,
    leapt,
    phrase,
  };
}

const read = (reading: Reading): Outcome => ({ is: 'read', reading });

/** What lies in the past is no choice; one that is left needs no question. */
function choose(
  readings: readonly Reading[],
  { now, timeZone }: Pick<Here, 'now' | 'timeZone'>,
  why: string,
): Outcome {
  const distinct = [...new Map(readings.map((each) => [`${each.spec} ${each.anchorAt}`, each])).values()];
  const coming = distinct.filter(({ firstAt }) => firstAt === null || firstAt > now);
  const [one, other] = coming;
  if (one === undefined) return { is: 'past', at: distinct[0]?.firstAt ?? now, timeZone };
  if (other === undefined) return read(one);
  const sorted = coming.toSorted((a, b) => (a.firstAt ?? 0) - (b.firstAt ?? 0));
  return { is: 'ambiguous', why, readings: sorted };
}
