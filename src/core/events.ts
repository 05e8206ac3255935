// What happened to jobs, runs and lanes: the vocabulary of the ledger's event log.

/** Names of ledger events: past tense, noun first. */
export type LedgerEventType =
  | 'job.accepted'
  | 'job.queued'
  | 'job.started'
  | 'job.adopted'
  | 'job.waiting'
  | 'job.parked'
  | 'job.succeeded'
  | 'job.failed'
  | 'job.cancel_requested'
  | 'job.cancelled'
  | 'job.released'
  | 'run.started'
  | 'run.session'
  | 'run.ended'
  | 'lane.paused'
  | 'lane.resumed'
  | 'daemon.started'
  | 'daemon.ready'
  | 'daemon.held'
  | 'daemon.released'
  | 'daemon.stopped';
