// The right to run a job, and what may become of one that could be given it.

import type { JobId, RunId } from '../core/ids.ts';

/** The right to make one run of one job, as the ledger granted it. */
export interface Grant {
  readonly jobId: JobId;
  readonly lane: string;
  readonly runId: RunId;
  /** `<generation>.<epoch>.<fence>` */
  readonly token: string;
  /** The worker whose host it is for; null: the daemon's own. */
  readonly host: string | null;
}

/** Why a job's place is another's: it waits for a host, as does every job of its kind; it does alone; it is queued no more. */
export type Passing = 'waits' | 'passed' | 'parked';

/** What becomes of a job that may be claimed: it is, for a host; it may yet be, and keeps its place; its place is another's. */
export type Taking = { readonly host: string | null } | 'offered' | Passing;
