// The rate limit of a lane: at most `count` claims in any window of `perMs`.

export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads "30/1m", "5/s", "100/2h"; null when the text is not a rate. */
export function parseRate(text: string): Rate | null {
  const match = /^\s*([1-9]\d{0,8})\s*\/\s*(\d{0,6})\s*([smhd])\s*$/.exec(text);
  if (match === null) return null;
  const [, count = '', times = '', unit = ''] = match;
  const perMs = Number(times === '' ? 1 : times) * (unitMs[unit] ?? 0);
  return perMs > 0 ? { count: Number(count), perMs } : null;
}

/**
 * How many claims the limit allows now, given the times of earlier ones (ascending, ms), and when the next one
 * is allowed if none is (null: now).
 */
export function decideAllowance(
  rate: Rate,
  earlier: readonly number[],
  now: number,
): { allowed: number; nextAt: number | null } {
  const recent = earlier.filter((at) => at > now - rate.perMs && at <= now);
  const allowed = Math.max(0, rate.count - recent.length);
  const oldest = recent[recent.length - rate.count];
  return { allowed, nextAt: allowed > 0 || oldest === undefined ? null : oldest + rate.perMs };
}
