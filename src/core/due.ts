// What becomes of due times: which fire, which are missed, what an occurrence does whose predecessor has not ended, and whether
// somebody has moved the clock. Pure: the clock comes in.

import type { CatchUp, Overlap } from './schedule.ts';

/** Later than this is no longer on time: a restart, a busy machine and a nap of the host are. */
export const graceMs = 60_000;
/** `all` means no more than this many at once; older ones are missed. */
export const mostCaughtUp = 100;
/** Occurrences that wait for their predecessor. */
export const mostQueued = 100;

export interface Due {
  readonly dueAt: number;
  /** With its jitter. */
  readonly fireAt: number;
}

export interface DueRules {
  readonly catchUp: CatchUp;
  readonly catchUpWindowMs: number;
  readonly now: number;
  /** Due times up to here could not fire since Homer was held. */
  readonly missedUntil: number;
  /** The clock was put forward over these times. */
  readonly clockMoved: boolean;
}

export type DueDecision =
  | { readonly dueAt: number; readonly becomes: 'fires' }
  | { readonly dueAt: number; readonly becomes: 'missed'; readonly reason: string };

/** Decides on every due time that was handed in, oldest first. */
export function decideDue(dues: readonly Due[], rules: DueRules): DueDecision[] {
  const { catchUp, catchUpWindowMs, now, missedUntil, clockMoved } = rules;
  const newest = dues.at(-1)?.dueAt;
  // A day that never was is made up for once at most, whatever else is wished: nothing comes in masses.
  const isAll = catchUp === 'all' && !clockMoved;
  const oldestOfAll = dues.at(-mostCaughtUp)?.dueAt ?? -Infinity;
  return dues.map(({ dueAt, fireAt }): DueDecision => {
    const missed = (reason: string): DueDecision => ({ dueAt, becomes: 'missed', reason });
    if (dueAt <= missedUntil) return missed('Homer was held');
    const isOnTime = now - fireAt <= graceMs;
    if (isAll) {
      if (!isOnTime && now - dueAt > catchUpWindowMs) return missed('it is older than what is caught up');
      if (dueAt < oldestOfAll) return missed(`no more than ${mostCaughtUp} are caught up`);
      return { dueAt, becomes: 'fires' };
    }
    if (dueAt !== newest) return missed(clockMoved ? 'the clock was put forward' : 'only a newer one counts');
    if (isOnTime) return { dueAt, becomes: 'fires' };
    if (catchUp === 'skip') return missed('its time had passed, and nothing is caught up');
    if (now - dueAt > catchUpWindowMs) return missed('it is older than what is caught up');
    return { dueAt, becomes: 'fires' };
  });
}

export type OverlapDecision =
  | { readonly does: 'start' }
  | { readonly does: 'wait' }
  | { readonly does: 'skip'; readonly reason: string }
  /** What is under way is ended, what waits is skipped, and this one waits for the end. */
  | { readonly does: 'replace' };

export interface Before {
  /** Jobs of earlier occurrences that have not ended. */
  readonly active: number;
  /** Occurrences that wait for these. */
  readonly waiting: number;
  /** How many of both came in this same decision: those were due apart, and are caught up one after the other. */
  readonly together: number;
}

export function decideOverlap(overlap: Overlap, { active, waiting, together }: Before): OverlapDecision {
  if (active + waiting === 0) return { does: 'start' };
  const isApart = active + waiting === together;
  if (overlap === 'skip' && !isApart) return { does: 'skip', reason: 'the one before has not ended' };
  if (overlap === 'replace' && together === 0) return { does: 'replace' };
  if (waiting >= mostQueued) return { does: 'skip', reason: `${mostQueued} wait already` };
  return { does: 'wait' };
}

export interface ClockReading {
  /** The clock on the wall, ms since the epoch. */
  readonly now: number;
  /** Time since the host was started, with its sleep, ms; nobody can move it. */
  readonly upMs: number;
}

/** Less is what a time server does. */
const leastMoveMs = 30_000;

/**
 * How far somebody moved the clock between two readings, ms; 0: not at all. A host that slept has not: its uptime went
 * on as well.
 */
export function decideClockMove(before: ClockReading | null, after: ClockReading): number {
  if (before === null || after.upMs < before.upMs) return 0;
  const moved = after.now - before.now - (after.upMs - before.upMs);
  return Math.abs(moved) < leastMoveMs ? 0 : moved;
}
