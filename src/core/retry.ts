// How long to wait before a job is tried again.

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

export const attemptBackoff: Backoff = { baseMs: 2_000, capMs: 600_000 };
export const offlineBackoff: Backoff = { baseMs: 30_000, capMs: 900_000 };

/**
 * Milliseconds to wait after the `used`-th failure: exponential with a cap, and jitter over its upper half, so that
 * jobs that failed together do not come back together. `random` is in [0, 1).
 */
export function nextBackoffMs(used: number, random: number, backoff: Backoff): number {
  const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.max(0, used - 1));
  return Math.round(full / 2 + (random * full) / 2);
}
