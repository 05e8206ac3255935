// When a backup is due, and which ones are kept. Pure.

export interface Keep {
  /** How many of the newest hours, days and weeks that have a backup keep one; UTC, weeks begin on Monday. */
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
// 1 January 1970 was a Thursday.
const mondayMs = 4 * dayMs;

/** Of backups made at these times (ms since the epoch) those that are kept; always the newest. */
export function decideKept(madeAt: readonly number[], { hourly, daily, weekly }: Keep): ReadonlySet<number> {
  const newestFirst = madeAt.toSorted((a, b) => b - a);
  const kept = new Set(newestFirst.slice(0, 1));
  const keepOf = (most: number, spanOf: (at: number) => number): void => {
    const spans = new Set<number>();
    for (const at of newestFirst) {
      const span = spanOf(at);
      if (spans.has(span)) continue;
      if (spans.size >= most) return;
      spans.add(span);
      kept.add(at);
    }
  };
  keepOf(hourly, (at) => Math.floor(at / hourMs));
  keepOf(daily, (at) => Math.floor(at / dayMs));
  keepOf(weekly, (at) => Math.floor((at - mondayMs) / (7 * dayMs)));
  return kept;
}

/** Null for a time that lies ahead: it was written by a clock that has been set back since, and says nothing about when. */
export function believed(at: number | null, now: number): number | null {
  return at !== null && at <= now ? at : null;
}
