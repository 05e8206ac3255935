// A job is a durable intent. Its states and every legal move between them are the table below;
// docs/states.md draws it, the ledger refuses any other move.

import { HomerError } from './errors.ts';

export type JobState =
  'scheduled' | 'queued' | 'running' | 'waiting' | 'parked' | 'succeeded' | 'failed' | 'cancelled';

export const jobStates: readonly JobState[] = [
  'scheduled',
  'queued',
  'running',
  'waiting',
  'parked',
  'succeeded',
  'failed',
  'cancelled',
];

/**
 * `queued → queued` is a backoff that is over, `running → queued` a retry or a hand-back; out of `failed` and
 * `cancelled` leads only a person's retry. A job whose run lives on while it waits may leave `waiting` for wherever
 * the end of that run leads, or stay there.
 */
export const jobMoves: Readonly<Record<JobState, readonly JobState[]>> = {
  scheduled: ['queued', 'waiting', 'cancelled'],
  queued: ['queued', 'running', 'waiting', 'parked', 'cancelled'],
  running: ['queued', 'waiting', 'parked', 'succeeded', 'failed', 'cancelled'],
  waiting: ['queued', 'running', 'waiting', 'parked', 'succeeded', 'failed', 'cancelled'],
  parked: ['queued', 'waiting', 'cancelled'],
  succeeded: [],
  failed: ['queued'],
  cancelled: ['queued'],
};

/** True when the job needs nothing more, unless a person asks for it. */
export function isEnded(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

export function isMoveLegal(from: JobState, to: JobState): boolean {
  return jobMoves[from].includes(to);
}

/** Throws HOMER_MOVE_REFUSED unless the table has the move. */
export function assertMove(jobId: string, from: JobState, to: JobState): void {
  if (isMoveLegal(from, to)) return;
  throw new HomerError('HOMER_MOVE_REFUSED', `Job ${jobId} cannot go from ${from} to ${to}.`);
}

/** What a job whose run lives on waits for; it holds no slot of its lane meanwhile. */
export type WaitingFor = 'approval' | 'children';

/** What becomes of a job whose run was cut off: `resume` and `retry` run it again, `ask` waits for a person. */
export type OnInterrupt = 'resume' | 'ask' | 'retry' | 'fail';

export const onInterruptChoices: readonly OnInterrupt[] = ['resume', 'ask', 'retry', 'fail'];

/** One step of priority counts as much as this long a wait, so that nothing starves. */
export const ageingMs = 60_000;

export const priorityRange = { min: -100, max: 100 } as const;

/** The place in the lane: smaller goes first. It never changes, since all jobs age alike. */
export function orderKey(queuedAt: number, priority: number): number {
  return queuedAt - priority * ageingMs;
}
