// The times at which a rule is due. Cron expressions are croner's to follow; it is loaded when the first schedule is.

import { HomerError } from '../core/errors.ts';
import { hoursProblem, nextPlain, plainBetween, timingProblem, type Timing } from '../core/schedule.ts';

export interface Calendar {
  /** The first due time after `after`, ms since the epoch; null: there is none any more, or the rule cannot be followed. */
  next(timing: Timing, after: number): number | null;
  /** The newest due times in (after, until], at most `limit`, oldest first. */
  between(timing: Timing, after: number, until: number, limit: number): number[];
  /** HOMER_SCHEDULE_INVALID for a rule that cannot be followed. */
  check(timing: Timing): void;
}

/** Croner takes 14 ms to load, which a start without schedules need not pay. */
export async function loadCalendar(): Promise<Calendar> {
  const { Cron } = await import('croner');
  const patterns = new Map<string, InstanceType<typeof Cron> | null>();
  const mostPatterns = 1_000;

  function patternOf({ spec, timeZone }: Timing): InstanceType<typeof Cron> | null {
    const key = `${timeZone} ${spec}`;
    const known = patterns.get(key);
    if (known !== undefined) return known;
    let made: InstanceType<typeof Cron> | null = null;
    try {
      made = new Cron(spec, { timezone: timeZone, paused: true });
    } catch {
      // Checked before it was stored; what a newer croner will not read any more is never due, and is shown so.
    }
    if (patterns.size >= mostPatterns) patterns.clear();
    patterns.set(key, made);
    return made;
  }

  const next = (timing: Timing, after: number): number | null =>
    timing.kind === 'cron'
      ? (patternOf(timing)?.nextRun(new Date(after))?.getTime() ?? null)
      : nextPlain(timing, after);

  return {
    next,
    between(timing, after, until, limit) {
      if (timing.kind !== 'cron') return plainBetween(timing, after, until, limit);
      const found: number[] = [];
      for (let at = next(timing, after); at !== null && at <= until; at = next(timing, at)) {
        found.push(at);
        if (found.length > limit) break;
      }
      if (found.length <= limit) return found;
      // Too many: counted back from the end. The second after `until`, since croner looks at whole ones.
      const end = new Date((Math.floor(until / 1000) + 1) * 1000);
      const back = patternOf(timing)?.previousRuns(limit, end) ?? [];
      return back.map((date) => date.getTime()).toReversed();
    },
    check(timing) {
      const { kind, spec, timeZone, activeHours = null } = timing;
      const problem =
        timingProblem(kind, spec, timeZone) ??
        (kind === 'cron' && patternOf(timing) === null ? 'is not a cron expression' : null);
      if (problem !== null) throw new HomerError('HOMER_SCHEDULE_INVALID', `"${spec}" ${problem}.`);
      const ofHours = hoursProblem(kind, spec, activeHours);
      if (ofHours !== null)
        throw new HomerError('HOMER_SCHEDULE_INVALID', `The hours "${activeHours ?? ''}" ${ofHours}.`);
    },
  };
}
