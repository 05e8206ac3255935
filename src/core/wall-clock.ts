// The clock on the wall of a time zone, and the moments it stands for. Pure: the rules of zones are those of this Node (ICU).

/** `month` and `day` from 1. */
export interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const mostFormats = 64;

/** Making one takes a tenth of a millisecond, and a schedule asks for its own again and again. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (formats.size >= mostFormats) formats.clear();
  formats.set(timeZone, made);
  return made;
}

/** Whether the text names a zone (`Europe/Berlin`, `UTC`); offsets such as `+02:00` know no summer time and are none. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return false;
  try {
    formatOf(text);
    return true;
  } catch {
    // A RangeError is Intl's way to say that there is none of this name.
    return false;
  }
}

/** The zone of this host, as TZ or the system says. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What the clock shows at a moment (ms since the epoch). */
export function wallAt(at: number, timeZone: string): Wall {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

function asUtc({ year, month, day, hour, minute, second }: Wall): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** How far the clock of the zone is before UTC at a moment, ms. */
function offsetAt(at: number, timeZone: string): number {
  const whole = Math.floor(at / 1000) * 1000;
  return asUtc(wallAt(whole, timeZone)) - whole;
}

/**
 * The moment at which the clock shows this, ms since the epoch. A time that comes twice is the first; one that is left
 * out (`exists: false`) is the moment at which the clock goes over it, as for a cron expression.
 */
export function momentOf(wall: Wall, timeZone: string): { readonly at: number; readonly exists: boolean } {
  const shown = asUtc(wall);
  const dayMs = 86_400_000;
  const offsets = [offsetAt(shown - dayMs, timeZone), offsetAt(shown + dayMs, timeZone)];
  const fitting = offsets
    .map((offset) => shown - offset)
    .filter((at) => asUtc(wallAt(at, timeZone)) === shown)
    .sort((a, b) => a - b);
  if (fitting[0] !== undefined) return { at: fitting[0], exists: true };
  // The gap lies between the two readings; its end is the first moment of the new offset.
  const [before = 0, after = 0] = offsets;
  let [low, high] = [shown - Math.max(before, after), shown - Math.min(before, after)];
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (offsetAt(middle, timeZone) === after) high = middle;
    else low = middle;
  }
  return { at: offsetAt(low, timeZone) === after ? low : high, exists: false };
}

/** The same time of day, this many days on (or back). */
export function plusDays(wall: Wall, days: number): Wall {
  const date = new Date(Date.UTC(wall.year, wall.month - 1, wall.day + days));
  return { ...wall, year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** The same day of a later month, or its last day where it has fewer. */
export function plusMonths(wall: Wall, months: number): Wall {
  const index = wall.year * 12 + wall.month - 1 + months;
  const [year, month] = [Math.floor(index / 12), (index % 12) + 1];
  return { ...wall, year, month, day: Math.min(wall.day, daysIn(year, month)) };
}

export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** 0 is Sunday. */
export function weekdayOf({ year, month, day }: Pick<Wall, 'year' | 'month' | 'day'>): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}
