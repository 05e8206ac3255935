// Times of day outside of which something is not due, such as 08:00-22:00 on the clock of a zone. Pure.

import { momentOf, plusDays, wallAt } from './wall-clock.ts';

export interface ActiveHours {
  /** Minutes after midnight; the first that counts. */
  readonly from: number;
  /** The first that does not count any more; before `from`, it is of the next day. */
  readonly to: number;
}

const form = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

/** Reads `08:00-22:00`, also over midnight; null when the text is none, or all of the day. */
export function parseActiveHours(text: string): ActiveHours | null {
  const found = form.exec(text);
  if (found === null) return null;
  const [, fromHour, fromMinute, toHour, toMinute] = found;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = toHour === undefined ? 24 * 60 : Number(toHour) * 60 + Number(toMinute);
  return from === to || to - from === 24 * 60 ? null : { from, to };
}

export function isActive(at: number, { from, to }: ActiveHours, timeZone: string): boolean {
  const { hour, minute } = wallAt(at, timeZone);
  const now = hour * 60 + minute;
  return from < to ? now >= from && now < to : now >= from || now < to;
}

/** When the hours begin next after `at`, ms since the epoch. */
export function nextOpening(at: number, { from }: ActiveHours, timeZone: string): number {
  const today = { ...wallAt(at, timeZone), hour: Math.floor(from / 60), minute: from % 60, second: 0 };
  const first = momentOf(today, timeZone).at;
  return first > at ? first : momentOf(plusDays(today, 1), timeZone).at;
}
