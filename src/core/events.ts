// What happened to jobs, runs, lanes and the daemon: the vocabulary of the ledger's event log.

import type { JobState } from './job.ts';

/** `job.<state>` is written by every move of a job, in the commit of the move. */
export type LedgerEventType =
  | `job.${JobState}`
  | 'job.cancel_requested'
  | 'run.started'
  | 'run.adopted'
  | 'run.session'
  | 'lane.paused'
  | 'lane.resumed'
  | 'daemon.started'
  | 'daemon.ready'
  | 'daemon.held'
  | 'daemon.released';
