// The path of a task as spans: who is part of whom, from when to when. Their ids are made from those of jobs and runs by whoever
// sends them, so that one that is sent twice is one, and a part may be sent before the whole.

import type { DeliveryState } from './delivery.ts';
import { isEnded, type JobState } from './job.ts';

export interface Span {
  /** What its id is made from. */
  readonly seed: string;
  /** What the id of the one it is part of is made from; null: it is the whole. */
  readonly parent: string | null;
  readonly name: string;
  /** ms since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Why it did not come to a good end; null: it did. */
  readonly failure: string | null;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface JobPath {
  readonly id: string;
  readonly parentId: string | null;
  readonly state: JobState;
  readonly source: string;
  readonly lane: string;
  readonly executor: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly error: { readonly code: string } | null;
  readonly runs: readonly RunPath[];
}

export interface RunPath {
  readonly id: string;
  readonly executor: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly verdict: string | null;
  /** Null: it did not tell. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface DeliveryPath {
  readonly id: string;
  readonly jobId: string;
  readonly kind: string;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** The job, its waits and its runs; nothing while it goes on. */
export function spansOfJob(job: JobPath): readonly Span[] {
  if (!isEnded(job.state) || job.endedAt === null) return [];
  const { id, parentId, source, lane, executor } = job;
  const whole: Span = {
    seed: id,
    parent: parentId,
    name: 'job',
    from: job.createdAt,
    to: job.endedAt,
    failure: job.state === 'succeeded' ? null : (job.error?.code ?? job.state),
    attributes: {
      'homer.job': id,
      'homer.source': source,
      'homer.lane': lane,
      'homer.executor': executor,
      'homer.state': job.state,
    },
  };
  const parts: Span[] = [];
  let waitedFrom = job.createdAt;
  for (const run of job.runs) {
    parts.push(waiting(id, waitedFrom, run.startedAt), spanOfRun(id, run, job.endedAt));
    waitedFrom = run.endedAt ?? job.endedAt;
  }
  if (job.runs.length === 0) parts.push(waiting(id, waitedFrom, job.endedAt));
  return [whole, ...parts];
}

function waiting(jobId: string, from: number, to: number): Span {
  return {
    seed: `${jobId} waits from ${from}`,
    parent: jobId,
    name: 'wait',
    from,
    to,
    failure: null,
    attributes: { 'homer.job': jobId },
  };
}

function spanOfRun(jobId: string, run: RunPath, jobEndedAt: number): Span {
  return {
    seed: run.id,
    parent: jobId,
    name: 'run',
    from: run.startedAt,
    to: run.endedAt ?? jobEndedAt,
    failure: run.verdict === 'done' ? null : run.verdict,
    attributes: {
      'homer.job': jobId,
      'homer.run': run.id,
      'homer.executor': run.executor,
      'homer.verdict': run.verdict ?? 'none',
      ...(run.inputTokens === null ? {} : { 'gen_ai.usage.input_tokens': run.inputTokens }),
      ...(run.outputTokens === null ? {} : { 'gen_ai.usage.output_tokens': run.outputTokens }),
    },
  };
}

/** The message that tells of a job; nothing while it is under way. */
export function spansOfDelivery(delivery: DeliveryPath): readonly Span[] {
  const { id, jobId, kind, channel, state, createdAt, endedAt } = delivery;
  if (endedAt === null) return [];
  return [
    {
      seed: id,
      parent: jobId,
      name: 'delivery',
      from: createdAt,
      to: endedAt,
      failure: state === 'delivered' ? null : state,
      attributes: {
        'homer.job': jobId,
        'homer.delivery': id,
        'homer.channel': channel,
        'homer.kind': kind,
        'homer.state': state,
      },
    },
  ];
}
