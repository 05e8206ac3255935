// The canary: a tiny job that goes the whole way of a task, so that somebody notices when nothing gets through any more.
// It is nobody's work: it stands in no list, no digest and no count, and no budget or pause holds it up.

/** No lane and no executor of config.yaml can have this name. */
export const canaryName = '~canary';
/** Written as the source of its jobs. */
export const canarySource = 'canary';
/** One that has not come through after this is late, ms. */
export const canaryPatienceMs = 120_000;

export const isCanary = (lane: string): boolean => lane === canaryName;

/** The newest canary, as the ledger has it; times in ms since the epoch. */
export interface CanaryJob {
  readonly id: string;
  readonly sentAt: number;
  /** Null: it is on its way. */
  readonly endedAt: number | null;
  /** It ended, and its answer was what it had been sent with. */
  readonly isThrough: boolean;
  /** Why it did not come through. */
  readonly reason: string | null;
}

export type CanaryState =
  /** `waiting`: none was sent since the start, which is no bad sign yet. */
  | { readonly is: 'off' | 'waiting' | 'through' | 'under way'; readonly why: null }
  /** It should be through by now, or it failed: work that is sent now may not be done. */
  | { readonly is: 'late'; readonly why: string };

/**
 * How the canary is. `dueAt`: when the next was, or is, to be sent, null for off; `isHeld`: nothing runs anyway, and that is told
 * elsewhere; `watchedMs`: for how long the last is seen under way, by a clock that nobody sets. Pure.
 */
export function decideCanary(
  last: CanaryJob | null,
  {
    now,
    dueAt,
    isHeld,
    watchedMs,
  }: {
    readonly now: number;
    readonly dueAt: number | null;
    readonly isHeld: boolean;
    readonly watchedMs: number;
  },
): CanaryState {
  if (dueAt === null) return { is: 'off', why: null };
  if (isHeld) return { is: 'waiting', why: null };
  const seconds = (ms: number): number => Math.round(ms / 1_000);
  if (last !== null && last.endedAt === null) {
    const underWayMs = Math.max(now - last.sentAt, watchedMs);
    if (underWayMs < canaryPatienceMs) return { is: 'under way', why: null };
    return { is: 'late', why: `The canary ${last.id} is under way for ${seconds(underWayMs)} s.` };
  }
  if (now - dueAt >= canaryPatienceMs)
    return { is: 'late', why: `No canary could be sent for ${seconds(now - dueAt)} s.` };
  if (last === null) return { is: 'waiting', why: null };
  if (last.isThrough) return { is: 'through', why: null };
  return {
    is: 'late',
    why: `The canary ${last.id} did not come through: ${last.reason ?? 'for no known reason'}`,
  };
}
