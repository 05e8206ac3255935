// What happened to jobs, runs, approvals, schedules, lanes and the daemon: the vocabulary of the ledger's event log.

import type { ApprovalState } from './approval.ts';
import type { DeliveryState } from './delivery.ts';
import type { JobState } from './job.ts';
import type { QuestionState } from './question.ts';
import type { OccurrenceState } from './schedule.ts';

/** `job.<state>`, `approval.<state>` and `occurrence.<state>` are written by every move of one, in the commit of the move. */
export type LedgerEventType =
  | `job.${JobState}`
  | 'job.cancel_requested'
  | 'run.started'
  | 'run.adopted'
  | 'run.session'
  | `approval.${ApprovalState}`
  | `question.${QuestionState}`
  | `delivery.${DeliveryState}`
  | `occurrence.${OccurrenceState}`
  | 'schedule.created'
  | 'schedule.changed'
  | 'schedule.removed'
  | 'schedule.paused'
  | 'schedule.resumed'
  | 'reminder.due'
  | 'reminder.seen'
  | 'session.created'
  | 'session.reset'
  | 'session.ended'
  | 'session.moved'
  | 'skills.changed'
  | 'canvas.changed'
  | 'canvas.removed'
  | 'executor.limited'
  | 'executor.unlimited'
  | 'worker.added'
  | 'worker.removed'
  | 'worker.up'
  | 'worker.away'
  | 'lane.paused'
  | 'lane.resumed'
  | 'daemon.started'
  | 'daemon.ready'
  | 'daemon.held'
  | 'daemon.released';
