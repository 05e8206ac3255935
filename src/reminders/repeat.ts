// What comes again and again: the grammar of "every".

import type { Period, Read } from './time-of-day.ts';
import { head, monthNumber, monthPattern, numberOf, weekdayNumber, weekdayPattern } from './words.ts';

export type Repeat =
  /** Counted from when it was said: `every 20 minutes`. */
  | { readonly by: 'span'; readonly spec: string; readonly period: null }
  /** Every so many days of the calendar, from the first of them on; `weekday`: the first is such a day. */
  | {
      readonly by: 'days';
      readonly spec: string;
      readonly weekday: number | null;
      readonly period: Period | null;
    }
  /** Fields of a cron expression: day of the month, month, day of the week. */
  | { readonly by: 'cron'; readonly days: string; readonly period: Period | null };

const ordinal = String.raw`(\d{1,2})(?:st|nd|rd|th)|(first)|(last)`;
const every = '(?:every|each)';
const patterns = {
  span: head(
    String.raw`${every} (?:(other|half|\d{1,6}|two|three|four|five|six|ten|twelve) )?(an )?(seconds?|minutes?|mins?|hours?|hrs?|m|h)`,
  ),
  days: head(String.raw`${every} (?:(other|second|\d{1,4}|two|three|four|five|six) )?(days?|weeks?)`),
  otherWeekday: head(`${every} (?:other|second) (${weekdayPattern})`),
  period: head(`${every} (morning|noon|afternoon|evening|night|midnight)`),
  weekdays: head(`${every} (?:weekday|workday|working day|business day)s?|(?:on )?(?:weekdays|workdays)`),
  weekend: head(`${every} weekend(?: day)?s?|(?:on |at )?weekends`),
  named: head(`${every} ((?:${weekdayPattern})(?:(?:,? and |, ?|/)(?:${weekdayPattern}))*)`),
  plural: head(
    `(?:on )?((?:sun|mon|tues|wednes|thurs|fri|satur)days(?:(?:,? and |, ?)(?:sun|mon|tues|wednes|thurs|fri|satur)days)*)`,
  ),
  monthDay: head(
    String.raw`${every} (?:${ordinal})(?: day)?(?: of (?:the|every|each) month)?|(?:on )?the (?:${ordinal})(?: day)? of (?:every|each) month|(?:monthly|${every} month) on the (?:${ordinal})(?: day)?`,
  ),
  yearDay: head(
    String.raw`${every} (?:year on )?(?:the )?(?:(\d{1,2})(?:st|nd|rd|th)?(?: of)? (${monthPattern})|(${monthPattern}) (\d{1,2})(?:st|nd|rd|th)?)`,
  ),
  word: head('hourly|daily|weekly'),
};

/** Something that repeats at the beginning of the text; `unclear`: it repeats, and cannot be followed. */
export function readRepeat(text: string): Read<Repeat> | { readonly unclear: string } | null {
  for (const read of [
    readOtherWeekday,
    readMonthDay,
    readYearDay,
    readSpan,
    readDays,
    readWeekly,
    readWord,
  ]) {
    const found = read(text);
    if (found !== null) return found;
  }
  const start = head(every).exec(text);
  return start === null ? null : { unclear: `"${text.slice(0, 30)}" is nothing that Homer can repeat` };
}

type Found = Read<Repeat> | { readonly unclear: string } | null;

const cron = (all: string, days: string, period: Period | null = null): Read<Repeat> => ({
  value: { by: 'cron', days, period },
  length: all.length,
});

function readSpan(text: string): Found {
  const match = patterns.span.exec(text);
  if (match === null) return null;
  const [all, many, , unit = ''] = match;
  const isHalf = many?.toLowerCase() === 'half';
  const count = many === undefined ? 1 : /^other$/i.test(many) ? 2 : isHalf ? 30 : numberOf(many);
  if (/^s/i.test(unit)) return { unclear: 'a minute is the least time between two reminders' };
  if (count < 1) return { unclear: 'nothing can come every 0 minutes' };
  if (isHalf && !/^h/i.test(unit)) return { unclear: 'a minute is the least time between two reminders' };
  const isHours = /^h/i.test(unit) && !isHalf;
  const minutes = isHours ? count * 60 : count;
  if (minutes > 5_000_000) return { unclear: 'this is more than ten years' };
  return { value: { by: 'span', spec: `${count}${isHours ? 'h' : 'm'}`, period: null }, length: all.length };
}

function readDays(text: string): Found {
  const match = patterns.days.exec(text);
  if (match === null) return null;
  const [all, many, unit = ''] = match;
  const count = many === undefined ? 1 : /^(other|second)$/i.test(many) ? 2 : numberOf(many);
  if (count < 1) return { unclear: `nothing can come every 0 ${unit}` };
  const isWeeks = /^w/i.test(unit);
  if (count * (isWeeks ? 7 : 1) > 3_650) return { unclear: 'this is more than ten years' };
  if (count === 1 && !isWeeks) return cron(all, '* * *');
  const spec = `${count}${isWeeks ? 'w' : 'd'}`;
  return { value: { by: 'days', spec, weekday: null, period: null }, length: all.length };
}

function readOtherWeekday(text: string): Found {
  const match = patterns.otherWeekday.exec(text);
  if (match === null) return null;
  return {
    value: { by: 'days', spec: '2w', weekday: weekdayNumber(match[1] ?? ''), period: null },
    length: match[0].length,
  };
}

function readWeekly(text: string): Found {
  const period = patterns.period.exec(text);
  if (period !== null) return cron(period[0], '* * *', (period[1] ?? '').toLowerCase() as Period);
  const working = patterns.weekdays.exec(text);
  if (working !== null) return cron(working[0], '* * 1-5');
  const weekend = patterns.weekend.exec(text);
  if (weekend !== null) return cron(weekend[0], '* * 0,6');
  const named = patterns.named.exec(text) ?? patterns.plural.exec(text);
  if (named === null) return null;
  const names = (named[1] ?? '').split(/,? and |, ?|\//i).map(weekdayNumber);
  return cron(named[0], `* * ${[...new Set(names)].sort((a, b) => a - b).join(',')}`);
}

function readMonthDay(text: string): Found {
  const match = patterns.monthDay.exec(text);
  if (match === null) return null;
  const [all, ...groups] = match;
  const day = groups.find((group) => group !== undefined) ?? '';
  // "every second Friday" and the like are read before; "every 2nd" alone is a day of the month.
  if (/^last$/i.test(day)) return cron(all, 'L * *');
  const number = /^first$/i.test(day) ? 1 : Number(day);
  return number < 1 || number > 31 ? { unclear: `no month has a day ${number}` } : cron(all, `${number} * *`);
}

const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function readYearDay(text: string): Found {
  const match = patterns.yearDay.exec(text);
  if (match === null) return null;
  const [all, firstDay, firstMonth, secondMonth, secondDay] = match;
  const [day, month] = [Number(firstDay ?? secondDay), monthNumber(firstMonth ?? secondMonth ?? '')];
  if (day < 1 || day > (longestMonth[month - 1] ?? 0))
    return { unclear: `${all.replace(/^\S+ /, '')} never comes` };
  return cron(all, `${day} ${month} *`);
}

function readWord(text: string): Found {
  const match = patterns.word.exec(text);
  if (match === null) return null;
  const word = match[0].toLowerCase();
  if (word === 'daily') return cron(match[0], '* * *');
  if (word === 'hourly') return { value: { by: 'span', spec: '1h', period: null }, length: match[0].length };
  return { value: { by: 'days', spec: '1w', weekday: null, period: null }, length: match[0].length };
}
