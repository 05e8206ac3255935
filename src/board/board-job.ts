// A job of the ledger as the board shows one of BullMQ.

import type { QueueJob, QueueJobJson } from '@bull-board/api/dist/types.js';
import type { JobRecord } from '../ledger/job-record.ts';
import type { JobGroup } from '../ledger/job-browse.ts';
import { actOnEach, refuse, type Act } from './acting.ts';

/** What a group of jobs is called on the board. */
export type BoardStatus = 'active' | 'waiting' | 'delayed' | 'paused' | 'completed' | 'failed';

/**
 * `paused`: waits for a person, or for jobs under it; the board has no better word and takes no others. `completed`: cancelled
 * ones too, since "retry all that failed" must not start again what a person stopped.
 */
export const groupOf: Readonly<Record<BoardStatus, JobGroup>> = {
  active: 'active',
  waiting: 'ready',
  delayed: 'later',
  paused: 'waiting',
  completed: 'done',
  failed: 'failed',
};

function statusOf({ state, dueAt }: JobRecord): BoardStatus {
  switch (state) {
    case 'running':
      return 'active';
    case 'queued':
      return dueAt === null ? 'waiting' : 'delayed';
    case 'scheduled':
    case 'parked':
      return 'delayed';
    case 'waiting':
      return 'paused';
    case 'succeeded':
    case 'cancelled':
      return 'completed';
    case 'failed':
      return 'failed';
  }
}

const longestName = 80;

/** `act` is what the person who looks may do; the ledger decides what comes of it. */
export function boardJob(job: JobRecord, act: Act): QueueJob {
  const status = statusOf(job);
  const delay = status === 'delayed' && job.dueAt !== null ? job.dueAt - job.createdAt : 0;
  const attempt = async (): Promise<void> => act('jobs.retry', { id: job.id });
  const json: QueueJobJson = {
    id: job.id,
    name: nameOf(job),
    progress: 0,
    attemptsMade: job.fence,
    timestamp: job.createdAt,
    processedOn: job.startedAt,
    finishedOn: job.endedAt,
    processedBy: job.executor,
    delay,
    priority: job.priority,
    failedReason: status === 'failed' ? reasonOf(job) : '',
    stacktrace: [],
    data: dataOf(job),
    returnvalue: resultOf(job),
    opts: { attempts: job.maxAttempts, delay, priority: job.priority, timeoutMs: job.timeoutMs },
  };
  return {
    opts: { delay },
    toJSON: () => json,
    getState: async () => status,
    retry: attempt,
    promote: attempt,
    updateData: async () => refuse('What a job was asked to do is not changed afterwards. Send another one.'),
    remove: async () => {
      if (job.endedAt !== null)
        refuse('What has ended stays in the ledger, which is the record of what was done.');
      await actOnEach(act, 'jobs.cancel', [job.id]);
    },
  };
}

function nameOf({ prompt, executor, state }: JobRecord): string {
  const [line = ''] = prompt.trim().split('\n', 1);
  const short = line.length > longestName ? `${line.slice(0, longestName)}…` : line;
  return `${state === 'cancelled' ? 'cancelled, ' : ''}${executor}: ${short}`;
}

function reasonOf({ error }: JobRecord): string {
  return error === null ? 'failed' : `${error.message} (${error.code}) ${error.hint}`;
}

function dataOf(job: JobRecord): Record<string, unknown> {
  const { state, error, waitingFor } = job;
  return {
    state,
    prompt: job.prompt,
    executor: job.executor,
    source: job.source,
    session: job.sessionId,
    cwd: job.cwd,
    parent: job.parentId,
    attempts: `${job.attempts} of ${job.maxAttempts}`,
    crashes: `${job.crashes} of ${job.maxCrashes}`,
    ...(waitingFor === null ? {} : { waitingFor }),
    ...(error === null ? {} : { why: `${error.message} ${error.hint}` }),
    ...(job.dueAt === null ? {} : { dueAt: new Date(job.dueAt).toISOString() }),
  };
}

function resultOf({ resultText, resultData }: JobRecord): unknown {
  if (resultData === null) return resultText;
  return { text: resultText, data: JSON.parse(resultData) as unknown };
}
