// A reading told in full, so that nobody has to guess how they were understood.

import type { Reading } from './read.ts';

/** `Friday, 6 March 2026, 09:00 (Europe/Berlin)`. */
export function tellMoment(at: number, timeZone: string): string {
  const format = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { timeZone, ...options }).format(at);
  const date = format({ day: 'numeric', month: 'long', year: 'numeric' });
  const second = new Date(at).getUTCSeconds();
  const clock = format({
    hour: '2-digit',
    minute: '2-digit',
    ...(second === 0 ? {} : { second: '2-digit' }),
    hourCycle: 'h23',
  });
  return `${format({ weekday: 'long' })}, ${date}, ${clock} (${timeZone})`;
}

const units = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' } as const;

/** The rule in a sentence without its end; `next` are its next times, ms since the epoch. */
export function tellReading(
  { kind, spec, timeZone, leapt }: Pick<Reading, 'kind' | 'spec' | 'timeZone' | 'leapt'>,
  next: readonly number[],
): string {
  const [first] = next;
  const from = first === undefined ? 'never' : tellMoment(first, timeZone);
  const hint = leapt ? '; the clocks are put forward then, and the time that was said is left out' : '';
  if (kind === 'at') return `once, on ${from}${hint}`;
  if (kind === 'every') {
    const [, count = '', unit = 'm'] = /^(\d+)([smhdw])$/.exec(spec) ?? [];
    const word = units[unit as keyof typeof units];
    return `every ${count === '1' ? word : `${count} ${word}s`}, first on ${from}`;
  }
  return `${tellDays(spec)}, first on ${from}`;
}

const weekdayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The days of such expressions as reminders are made of. */
function tellDays(spec: string): string {
  const [, , day = '*', month = '*', weekday = '*'] = spec.split(' ');
  if (weekday === '1-5') return 'every weekday, Monday to Friday';
  if (weekday !== '*')
    return `every ${weekday
      .split(',')
      .map((each) => weekdayNames[Number(each) % 7] ?? each)
      .join(', ')}`;
  if (day === '*') return 'every day';
  if (month !== '*') {
    const name = new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' });
    return `every year on ${day} ${name.format(Date.UTC(2024, Number(month) - 1, 1))}`;
  }
  return day === 'L' ? 'on the last day of every month' : `on day ${day} of every month`;
}
