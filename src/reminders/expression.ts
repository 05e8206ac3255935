// All that is said of a time at the beginning of a text, in whatever order its parts come.

import type { Wall } from '../core/wall-clock.ts';
import { onlyOn, readAhead, readDay, type Ahead, type ReadNamedDate, type SaidDay } from './day.ts';
import { readRepeat, type Repeat } from './repeat.ts';
import { readPeriod, readTime, type Period, type SaidTime } from './time-of-day.ts';
import { readZone } from './zones.ts';

export interface Expression {
  readonly repeat: Repeat | null;
  /** The words of `repeat`. */
  readonly repeatText: string;
  readonly day: SaidDay | null;
  readonly ahead: Ahead | null;
  readonly time: SaidTime | null;
  readonly period: Period | null;
  readonly zone: string | null;
  /** What stands behind it. */
  readonly rest: string;
}

type Parts = { -readonly [Key in keyof Expression]: Expression[Key] };

/** Null: no time stands at the beginning of the text; `unclear`: one that cannot be read. */
export function readExpression(
  text: string,
  today: Wall,
  readNamed: ReadNamedDate,
): Expression | { readonly unclear: string } | null {
  const found: Parts = {
    repeat: null,
    repeatText: '',
    day: null,
    ahead: null,
    time: null,
    period: null,
    zone: null,
    rest: text,
  };
  let isAnything = false;
  for (;;) {
    const rest = found.rest.replace(/^[\s,]+/, '');
    const length = takePart(found, rest, isAnything, today, readNamed);
    if (typeof length === 'object') return length;
    if (length === 0) break;
    isAnything = true;
    found.rest = rest.slice(length);
  }
  return isAnything ? found : null;
}

/** How much of the text was taken; 0: nothing of it belongs to the time any more. */
function takePart(
  found: Parts,
  rest: string,
  isAnything: boolean,
  today: Wall,
  readNamed: ReadNamedDate,
): number | { readonly unclear: string } {
  const isFree = found.repeat === null && found.day === null && found.ahead === null;
  if (isFree) {
    const ahead = readAhead(rest);
    if (ahead !== null && found.time === null) {
      found.ahead = ahead.value;
      return ahead.length;
    }
    const repeat = readRepeat(rest);
    if (repeat !== null && 'unclear' in repeat) return repeat;
    if (repeat !== null) {
      found.repeat = repeat.value;
      found.repeatText = rest.slice(0, repeat.length);
      return repeat.length;
    }
    const day = readDay(rest, today, readNamed);
    if (day !== null && 'unclear' in day) return day;
    if (day !== null) {
      found.day = day.value;
      return day.length;
    }
  }
  const isExact = (found.ahead?.ms ?? 0) > 0 || found.repeat?.by === 'span';
  if (found.time === null && !isExact) {
    const time = readTime(rest);
    if (time !== null) {
      found.time = time.value;
      return time.length;
    }
  }
  if (found.period === null && !isExact) {
    const period = readPeriod(rest);
    // "night" and "evening" begin many a text; alone they are a time only with a word that makes them one.
    const isTime = isAnything || /^(in the|this|at) |^(noon|midnight|midday)/i.test(rest);
    if (period !== null && isTime) {
      found.period = period.value;
      // "this evening" is that of today, and has passed when it has.
      if (isFree && /^this /i.test(rest)) found.day = onlyOn(today);
      return period.length;
    }
  }
  if (found.zone !== null || !isAnything) return 0;
  const zone = readZone(rest);
  if (zone === null) return 0;
  if (zone.is === 'unknown') return { unclear: `there is no time zone of the name "${zone.name}"` };
  found.zone = zone.zone;
  return zone.length;
}
