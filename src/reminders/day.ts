// The day as it is said, and the dates it may mean.

import { daysIn, plusDays, plusMonths, weekdayOf, type Wall } from '../core/wall-clock.ts';
import type { Period, Read } from './time-of-day.ts';
import {
  head,
  monthNumber,
  monthPattern,
  months,
  numberOf,
  weekdayNumber,
  weekdayPattern,
  weekdays,
} from './words.ts';

export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** What is known of a date that was said with the name of a month. */
export interface NamedDate extends CalendarDate {
  readonly isYearSaid: boolean;
}

/** Reads a date with the name of a month; null: it is none. */
export type ReadNamedDate = (text: string, today: CalendarDate) => NamedDate | null;

export interface SaidDay {
  /** More than one: it may mean any of these. */
  readonly dates: readonly CalendarDate[];
  /** If the time has passed on that day: the next such day is meant; null: nothing is. */
  readonly repeats: 'week' | 'month' | 'year' | null;
  readonly period: Period | null;
  /** Why there is more than one date. */
  readonly doubt: string | null;
}

const plain = (dates: readonly CalendarDate[], more: Partial<SaidDay> = {}): SaidDay => ({
  dates,
  repeats: null,
  period: null,
  doubt: null,
  ...more,
});

/** This day and no other. */
export const onlyOn = ({ year, month, day }: CalendarDate): SaidDay => plain([{ year, month, day }]);

const patterns = {
  relative: head('(?:the )?day after tomorrow|today|tonight|tomorrow|yesterday|last night'),
  // "sun", "sat" and "wed" alone are words of other sentences too.
  weekday: head(
    `(?:on )?(?:(this|coming|this coming|next|last) )?(?!(?<!(?:on|this|coming|next|last) )(?:sun|sat|wed)(?![a-z]))(${weekdayPattern})`,
  ),
  iso: head(String.raw`(?:on )?(\d{4})-(\d\d)-(\d\d)`),
  dotted: head(String.raw`(?:on )?(?:the )?(\d{1,2})\.(\d{1,2})\.(?:(\d{4}))?`),
  slashed: head(String.raw`(?:on )?(\d{1,2})/(\d{1,2})(?:/(\d{4}))?`),
  dayOfMonth: head(String.raw`on the (\d{1,2})(?:st|nd|rd|th)(?! of)`),
  monthDay: head(
    String.raw`(?:on )?(?:the )?(?:(\d{1,2})(?:st|nd|rd|th)?(?: of)? (${monthPattern})|(${monthPattern})\.? (\d{1,2})(?:st|nd|rd|th)?)`,
  ),
  named: head(
    String.raw`(?:on )?(?:the )?(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${monthPattern})|(?:${monthPattern})\.? \d{1,2}(?:st|nd|rd|th)?)(?:,? \d{4})?|(?:on )?(?:the )?(?:last day of (?:the month|this month|${monthPattern})|end of (?:the |this )?month)`,
  ),
};

type Found = Read<SaidDay> | { readonly unclear: string } | null;

/** A day at the beginning of the text; null: something else stands there; `unclear`: a day that there is not. */
export function readDay(text: string, today: Wall, readNamed: ReadNamedDate): Found {
  const weekday = patterns.weekday.exec(text);
  if (weekday !== null) {
    const [all, which = '', name = ''] = weekday;
    const begun = all.length + (/^\.?[\s,]*/.exec(text.slice(all.length))?.[0].length ?? 0);
    const behind = text.slice(begun).replace(/^the (?=\d{1,2}(?:st|nd|rd|th))/i, 'on the ');
    const date = readDate(behind, today, readNamed);
    if (date === null)
      return { value: weekdayDay(which.toLowerCase(), weekdayNumber(name), today), length: all.length };
    if ('unclear' in date) return date;
    const length = text.length - behind.length + date.length;
    return onWeekday({ ...date, length }, weekdayNumber(name), today);
  }
  const relative = patterns.relative.exec(text);
  const date: Found =
    relative === null
      ? readDate(text, today, readNamed)
      : { value: relativeDay(relative[0].toLowerCase(), today), length: relative[0].length };
  if (date === null || 'unclear' in date) return date;
  const named = weekdayBehind.exec(text.slice(date.length));
  if (named === null) return date;
  return onWeekday({ ...date, length: date.length + named[0].length }, weekdayNumber(named[1] ?? ''), today);
}

const weekdayBehind = new RegExp(
  String.raw`^[\s,]*(?:a |\()?(${weekdays.join('|')})(?![\p{L}\p{N}'’])\)?`,
  'iu',
);

/** Of the dates that may be meant those that are such a day; a date that has passed this year is one of the next. */
function onWeekday({ value, length }: Read<SaidDay>, weekday: number, today: Wall): Found {
  const isBefore = ({ month, day }: CalendarDate): boolean =>
    month < today.month || (month === today.month && day < today.day);
  const all = value.dates.map((date) =>
    value.repeats === 'year' && date.year === today.year && isBefore(date)
      ? { ...date, year: today.year + 1 }
      : date,
  );
  const dates = all.filter((date) => isReal(date) && weekdayOf(date) === weekday);
  const [other] = all;
  if (dates.length === 0 && other !== undefined) {
    const told = `${other.day} ${capital(months[other.month - 1])} ${other.year}`;
    return {
      unclear: `${told} is a ${capital(weekdays[weekdayOf(other)])}, not a ${capital(weekdays[weekday])}`,
    };
  }
  const doubt = dates.length > 1 ? value.doubt : null;
  return { value: { ...value, dates, repeats: null, doubt }, length };
}

const capital = (word = ''): string => word.slice(0, 1).toUpperCase() + word.slice(1);

function readDate(text: string, today: Wall, readNamed: ReadNamedDate): Found {
  const iso = patterns.iso.exec(text);
  if (iso !== null) return real(plain([dateOf(iso[1], iso[2], iso[3])]), iso[0]);
  const dotted = /^.*?\.\d{1,2}\.$/.test(text) ? null : patterns.dotted.exec(text);
  if (dotted !== null) return ofYear([[dotted[2], dotted[1]]], dotted[3], dotted[0], today);
  const slashed = patterns.slashed.exec(text);
  if (slashed !== null) {
    const [all, first, second, year] = slashed;
    const orders =
      first === second
        ? [[first, second]]
        : [
            [first, second],
            [second, first],
          ];
    return ofYear(orders as [string, string][], year, all, today);
  }
  const ofMonth = patterns.dayOfMonth.exec(text);
  if (ofMonth !== null) return dayOfMonth(Number(ofMonth[1]), ofMonth[0], today);
  const named = patterns.named.exec(text);
  if (named === null) return null;
  const missing = missingDay(text);
  if (missing !== null) return { unclear: `there is no ${missing}` };
  const date = readNamed(named[0].replace(/^on /i, ''), today);
  if (date === null) return null;
  return real(plain([date], date.isYearSaid ? {} : { repeats: 'year' }), named[0]);
}

/** `31 February`; null: the date may be one of a year. More than 31 of anything is no date at all. */
function missingDay(text: string): string | null {
  const [, firstDay, firstMonth, secondMonth, secondDay] = patterns.monthDay.exec(text) ?? [];
  const [day, month] = [Number(firstDay ?? secondDay), monthNumber(firstMonth ?? secondMonth ?? '')];
  // A leap year has every day that any year has.
  return day > 31 || day <= daysIn(2024, month) || Number.isNaN(day)
    ? null
    : `${day} ${capital(months[month - 1])}`;
}

function relativeDay(words: string, today: Wall): SaidDay {
  if (words === 'tonight') return plain([today], { period: 'night' });
  const days = words.includes('after') ? 2 : words === 'tomorrow' ? 1 : words === 'today' ? 0 : -1;
  return plain([plusDays(today, days)]);
}

function weekdayDay(which: string, weekday: number, today: Wall): SaidDay {
  const days = (weekday - weekdayOf(today) + 7) % 7;
  if (which === 'last') return plain([plusDays(today, days - 7)]);
  if (which !== 'next') return plain([plusDays(today, days)], { repeats: 'week' });
  if (days === 0) return plain([plusDays(today, 7)]);
  return plain([plusDays(today, days), plusDays(today, days + 7)], {
    doubt: '"next" may mean the coming one or the one of the week after',
  });
}

function dateOf(year?: string, month?: string, day?: string): CalendarDate {
  return { year: Number(year), month: Number(month), day: Number(day) };
}

function isReal({ year, month, day }: CalendarDate): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function real(value: SaidDay, text: string): Read<SaidDay> | null {
  const dates = value.dates.filter(isReal);
  return dates.length === 0 ? null : { value: { ...value, dates }, length: text.length };
}

/** Dates of [month, day]; without a year, of this one or the next. */
function ofYear(
  pairs: readonly (readonly [string | undefined, string | undefined])[],
  year: string | undefined,
  text: string,
  today: Wall,
): Read<SaidDay> | null {
  const dates = pairs.map(([month, day]) => dateOf(year ?? String(today.year), month, day)).filter(isReal);
  const doubt = dates.length > 1 ? 'it may be month/day or day/month' : null;
  return real(plain(dates, { repeats: year === undefined ? 'year' : null, doubt }), text);
}

function dayOfMonth(day: number, text: string, today: Wall): Read<SaidDay> | null {
  if (day < 1 || day > 31) return null;
  for (let months = 0; months < 12; months++) {
    const { year, month } = plusMonths({ ...today, day: 1 }, months);
    if (day > daysIn(year, month) || (months === 0 && day < today.day)) continue;
    return { value: plain([{ year, month, day }], { repeats: 'month' }), length: text.length };
  }
  return null;
}

export interface Ahead {
  readonly ms: number;
  readonly days: number;
  readonly months: number;
}

const unitPattern =
  'seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|years?|s|m|h|d|w';
const first = head(
  String.raw`in (?:about )?(half an|\d{1,9}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) ?(${unitPattern})(?: and a half)?`,
);
const compact = /^in (\d{1,4})h ?(\d{1,4})m(?:in(?:utes?)?)?(?![\p{L}\p{N}])/iu;
const second = head(
  String.raw`(?:and |, ?(?:and )?)?(\d{1,9}) ?(minutes?|mins?|hours?|hrs?|seconds?|secs?|m|s)`,
);
const fromNow = head(
  String.raw`(\d{1,9}|an?|one|two|three|four|five|six|seven|eight|nine|ten) (${unitPattern}) from now`,
);

/** `in 20 minutes`, `in 1h30m`, `two weeks from now`; null: something else stands there. */
export function readAhead(text: string): Read<Ahead> | null {
  const both = compact.exec(text);
  if (both !== null)
    return {
      value: { ms: Number(both[1]) * 3_600_000 + Number(both[2]) * 60_000, days: 0, months: 0 },
      length: both[0].length,
    };
  const match = first.exec(text) ?? fromNow.exec(text);
  if (match === null) return null;
  const [all, many = '', unit = ''] = match;
  const number = /^half/i.test(many) ? 0.5 : numberOf(many) + (/and a half$/i.test(all) ? 0.5 : 0);
  let value = spanOf(number, unit.toLowerCase());
  if (value === null) return null;
  let length = all.length;
  const more = value.ms > 0 ? second.exec(text.slice(length).trimStart()) : null;
  if (more !== null) {
    const added = spanOf(Number(more[1]), (more[2] ?? '').toLowerCase());
    if (added !== null) {
      value = { ...value, ms: value.ms + added.ms };
      length += text.slice(length).length - text.slice(length).trimStart().length + more[0].length;
    }
  }
  return { value, length };
}

/** Null: halves of what has none. */
function spanOf(number: number, unit: string): Ahead | null {
  const none = { ms: 0, days: 0, months: 0 };
  if (unit.startsWith('s')) return { ...none, ms: number * 1_000 };
  if (/^(m|mins?|minutes?)$/.test(unit)) return { ...none, ms: number * 60_000 };
  if (unit.startsWith('h')) return { ...none, ms: number * 3_600_000 };
  if (!Number.isInteger(number)) return null;
  if (unit.startsWith('d')) return { ...none, days: number };
  if (unit.startsWith('w')) return { ...none, days: number * 7 };
  if (unit.startsWith('f')) return { ...none, days: number * 14 };
  if (unit.startsWith('mo')) return { ...none, months: number };
  return { ...none, months: number * 12 };
}
