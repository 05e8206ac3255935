// What happened to jobs, runs, approvals, lanes and the daemon: the vocabulary of the ledger's event log.

import type { ApprovalState } from './approval.ts';
import type { JobState } from './job.ts';

/** `job.<state>` and `approval.<state>` are written by every move of one, in the commit of the move. */
export type LedgerEventType =
  | `job.${JobState}`
  | 'job.cancel_requested'
  | 'run.started'
  | 'run.adopted'
  | 'run.session'
  | `approval.${ApprovalState}`
  | 'session.created'
  | 'session.reset'
  | 'session.ended'
  | 'skills.changed'
  | 'executor.limited'
  | 'executor.unlimited'
  | 'lane.paused'
  | 'lane.resumed'
  | 'daemon.started'
  | 'daemon.ready'
  | 'daemon.held'
  | 'daemon.released';
