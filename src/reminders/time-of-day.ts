// The time of day as it is said, and what it may mean.

import { head, numberOf, numberPattern } from './words.ts';

export type Period = 'morning' | 'noon' | 'afternoon' | 'evening' | 'night' | 'midnight';

/** `bare`: an hour from 1 to 12 without a word on which half of the day it is in. */
export interface SaidTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly isBare: boolean;
}

/** `days`: it is that many days after the one that was named. */
export interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  readonly days: number;
}

export interface Read<Value> {
  readonly value: Value;
  readonly length: number;
}

const halfOfDay = String.raw`\s?(am|pm|a\.m\.|p\.m\.)`;
const patterns = {
  half: head(String.raw`(?:at |@ ?)?(\d{1,2})(?:[:.](\d\d))?${halfOfDay}`),
  clock: head(String.raw`(?:at |@ ?)?(\d{1,2})[:h](\d\d)(?::(\d\d)|h| ?o'?clock)?(?!:\d)`),
  dotted: head(String.raw`(?:at |@ ?)(\d{1,2})\.(\d\d)`),
  hours: head(String.raw`(?:at |@ ?)?(\d{1,2})h`),
  hour: head(
    String.raw`(?:at |@ ?)(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: o'?clock)?`,
  ),
  past: head(String.raw`(?:at )?(half|quarter|${numberPattern}) (past|to) (${numberPattern})`),
  period: head(
    String.raw`(?:in the |this |at |around )?(morning|noon|midday|afternoon|evening|night|midnight)`,
  ),
};

/** A time at the beginning of the text: `at 8`, `8am`, `20:30`, `half past eight`; null: something else stands there. */
export function readTime(text: string): Read<SaidTime> | null {
  const past = patterns.past.exec(text);
  if (past !== null) return readPast(past);
  const half = patterns.half.exec(text);
  if (half !== null) {
    const [all, hours = '', minutes = '0', which = ''] = half;
    const hour = Number(hours);
    if (hour < 1 || hour > 12 || Number(minutes) > 59) return null;
    const isLater = /^p/i.test(which);
    const value = {
      hour: (hour % 12) + (isLater ? 12 : 0),
      minute: Number(minutes),
      second: 0,
      isBare: false,
    };
    // The dot of "a.m." stands behind the last letter.
    return { value, length: all.length };
  }
  for (const pattern of [patterns.clock, patterns.dotted, patterns.hours, patterns.hour]) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [all, hours = '', minutes = '0', seconds = '0'] = match;
    const [hour, minute, second] = [numberOf(hours), Number(minutes), Number(seconds)];
    if (hour > 23 || minute > 59 || second > 59) return null;
    // With a leading zero, an `h` or from 13 on, it is a clock of 24 hours.
    const isBare = hour >= 1 && hour <= 12 && !hours.startsWith('0') && pattern !== patterns.hours;
    return { value: { hour, minute, second, isBare }, length: all.length };
  }
  return null;
}

function readPast([all, many = '', which = '', hours = '']: RegExpExecArray): Read<SaidTime> | null {
  const minutes = /^half$/i.test(many) ? 30 : /^quarter$/i.test(many) ? 15 : numberOf(many);
  const hour = numberOf(hours);
  if (hour < 1 || hour > 12 || minutes < 1 || minutes > 59 || (minutes === 30 && /^to$/i.test(which)))
    return null;
  const common = { second: 0, isBare: true };
  if (/^past$/i.test(which)) return { value: { ...common, hour, minute: minutes }, length: all.length };
  return {
    value: { ...common, hour: hour === 1 ? 12 : hour - 1, minute: 60 - minutes },
    length: all.length,
  };
}

/** A part of the day at the beginning of the text. */
export function readPeriod(text: string): Read<Period> | null {
  const match = patterns.period.exec(text);
  if (match === null) return null;
  const word = (match[1] ?? '').toLowerCase();
  return { value: (word === 'midday' ? 'noon' : word) as Period, length: match[0].length };
}

const usual: Readonly<Record<Exclude<Period, 'midnight'>, number>> = {
  morning: 9,
  noon: 12,
  afternoon: 15,
  evening: 18,
  night: 21,
};

/** Nothing was said of the time of day. */
export const usualTime: ClockTime = { hour: 9, minute: 0, days: 0 };

/**
 * What was said may mean these, the likelier first; none: it means nothing. `hasDay`: it is a time of a day that was named, so that
 * an hour from 6 to 12 is meant as a clock of 24 hours shows it.
 */
export function meanings(
  time: SaidTime | null,
  period: Period | null,
  hasDay: boolean,
): readonly ClockTime[] {
  if (time === null) {
    if (period === null) return [usualTime];
    if (period !== 'midnight') return [{ hour: usual[period], minute: 0, days: 0 }];
    const midnight = { hour: 0, minute: 0, days: 0 };
    // Of a day: it begins it or ends it.
    return hasDay ? [{ ...midnight, days: 1 }, midnight] : [midnight];
  }
  const { hour, minute, isBare } = time;
  if (period !== null) return withPeriod(time, period);
  if (!isBare) return [{ hour, minute, days: 0 }];
  const [early, late] = [
    { hour: hour % 12, minute, days: 0 },
    { hour: (hour % 12) + 12, minute, days: 0 },
  ];
  if (hour === 12) return [late];
  if (hasDay && hour >= 6) return [early];
  return hasDay ? [late, early] : [early, late];
}

function withPeriod({ hour, minute, isBare }: SaidTime, period: Period): readonly ClockTime[] {
  const later = (hour % 12) + 12;
  const fits: Readonly<Record<Period, (hour: number) => boolean>> = {
    morning: (each) => each < 12,
    noon: (each) => each >= 11 && each <= 14,
    afternoon: (each) => each >= 12 && each < 19,
    evening: (each) => each >= 16,
    night: (each) => each >= 18 || each < 6,
    midnight: (each) => each === 0,
  };
  const candidates = isBare ? [later, hour % 12] : [hour];
  return (
    candidates
      .filter((each) => fits[period](each))
      .slice(0, 1)
      // The small hours of a night belong to the next day.
      .map((each) => ({ hour: each, minute, days: period === 'night' && each < 6 ? 1 : 0 }))
  );
}
