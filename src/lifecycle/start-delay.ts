// The crash-loop breaker: what crashed again and again is started later each time, while the control plane stays up.

/** How an earlier start of the daemon went. */
export interface EarlierBoot {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly readyAt: number | null;
  readonly endedAt: number | null;
  /** Null: killed, or the machine went down, which is nobody's fault. */
  readonly ending: 'drained' | 'crashed' | null;
}

const delaysMs = [0, 0, 10_000, 30_000, 120_000, 300_000] as const;
/** A daemon that ran this long before it crashed was not in a loop. */
const steadyMs = 600_000;

/** Milliseconds to wait before work is started again, given the boots before this one, newest first. */
export function decideStartDelay(boots: readonly EarlierBoot[]): number {
  let crashes = 0;
  for (const boot of boots) {
    if (boot.ending !== 'crashed' || (boot.endedAt ?? 0) - boot.startedAt > steadyMs) break;
    crashes += 1;
  }
  return delaysMs[Math.min(crashes, delaysMs.length - 1)] ?? 0;
}
