// How long what has ended is kept. Pure.

const dayMs = 86_400_000;

/** The contract: an idempotency key is answered with its job for at least as long. */
export const keysMs = 90 * dayMs;

/** Each in ms since the end of a thing (events: since they happened); null: for ever. */
export interface Retention {
  /** Prompt, result, runs, questions and messages of a job. */
  readonly jobsMs: number | null;
  readonly eventsMs: number | null;
  readonly deliveriesMs: number | null;
  /** The directory of a run, with its journal. */
  readonly journalsMs: number | null;
}

export const defaultRetention: Retention = {
  jobsMs: 90 * dayMs,
  eventsMs: 30 * dayMs,
  deliveriesMs: 90 * dayMs,
  journalsMs: 30 * dayMs,
};

/** What ended, or was made, before these may go; ms since the epoch, null: nothing may. */
export interface Cutoffs {
  readonly jobs: number | null;
  /** For the last row of a job, which stands for its key. */
  readonly keys: number | null;
  readonly events: number | null;
  readonly deliveries: number | null;
  readonly journals: number | null;
}

export function cutoffsOf({ jobsMs, eventsMs, deliveriesMs, journalsMs }: Retention, now: number): Cutoffs {
  const before = (ms: number | null): number | null => (ms === null ? null : now - ms);
  return {
    jobs: before(jobsMs),
    keys: jobsMs === null ? null : now - Math.max(jobsMs, keysMs),
    events: before(eventsMs),
    deliveries: before(deliveriesMs),
    journals: before(journalsMs),
  };
}
