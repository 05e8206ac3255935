// Operations on jobs: accept, look, cancel, retry.

import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { isJobId, type JobId } from '../core/ids.ts';
import {
  jobStates,
  onInterruptChoices,
  priorityRange,
  type JobState,
  type OnInterrupt,
} from '../core/job.ts';
import type { Accept } from '../intake/intake.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { JobFilter } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { jobView, viewJob, type JobView } from './job-view.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface JobOperationsOptions {
  readonly ledger: Ledger;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly accept: Accept;
  /** Tells the run of a job to end, if there is one. */
  readonly endRun: (jobId: JobId) => void;
}

const jobId = z.string().refine(isJobId, 'is not the id of a job');
const oneJob = z.object({ job: jobView });
const dayMs = 86_400_000;

const createInput = z.strictObject({
  prompt: z
    .string()
    .min(1)
    .max(900_000)
    .meta({ examples: ['Summarize README.md'] }),
  executor: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ examples: ['claude'] }),
  lane: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ examples: ['work'] }),
  cwd: z.string().min(1).max(4096).optional(),
  priority: z.int().min(priorityRange.min).max(priorityRange.max).optional(),
  runAfter: z.iso.datetime({ offset: true }).optional(),
  maxAttempts: z.int().min(1).max(100).optional(),
  maxCrashes: z.int().min(1).max(100).optional(),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(30 * dayMs)
    .optional(),
  onInterrupt: z.enum(onInterruptChoices as readonly [OnInterrupt, ...OnInterrupt[]]).optional(),
  key: z.string().refine(isIdempotencyKey, keyRule).optional(),
});

/** Digits alone: Number() would also take `0x10`, `1e2` and blanks. */
const fromDigits = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;

const listInput = z.strictObject({
  state: z.enum(jobStates as readonly [JobState, ...JobState[]]).optional(),
  lane: z.string().max(64).optional(),
  limit: z.preprocess(fromDigits, z.int().min(1).max(500)).default(50),
  cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
});

const idInput = z.strictObject({ id: jobId });

export function jobOperations({ ledger, home, accept, endRun }: JobOperationsOptions): readonly Operation[] {
  const view = (id: JobId): JobView => viewJob(ledger.jobs.get(id), ledger.claims.runsOf(id), home);

  return [
    defineOperation({
      name: 'jobs.create',
      input: createInput,
      output: oneJob,
      async handle({ key, ...request }, caller) {
        const { id, created } = await accept(request, key ?? null, caller);
        return { output: { job: view(id) }, status: created ? 202 : 200 };
      },
    }),
    defineOperation({
      name: 'jobs.list',
      input: listInput,
      output: z.object({ jobs: z.array(jobView), nextCursor: z.string().nullable() }),
      async handle({ state, lane, limit, cursor }) {
        const { jobs, hasMore } = readPage(ledger, { state, lane, limit, before: cursor });
        const last = jobs.at(-1);
        return {
          output: {
            jobs: jobs.map((job) => viewJob(job, ledger.claims.runsOf(job.id), home)),
            nextCursor: hasMore && last !== undefined ? String(last.seq) : null,
          },
        };
      },
    }),
    defineOperation({
      name: 'jobs.get',
      input: idInput,
      output: oneJob,
      async handle({ id }) {
        return { output: { job: view(id) } };
      },
    }),
    defineOperation({
      name: 'jobs.cancel',
      input: idInput,
      output: oneJob,
      async handle({ id }) {
        const job = await ledger.commit(() => ledger.jobs.cancel(id, ledger.now()));
        if (job.state === 'running' || job.isLive) endRun(id);
        return { output: { job: view(id) } };
      },
    }),
    defineOperation({
      name: 'jobs.retry',
      input: idInput,
      output: oneJob,
      async handle({ id }) {
        if (ledger.isHeld()) throw new HomerError('HOMER_HELD', 'Homer is held and runs nothing.');
        await ledger.commit(() => ledger.jobs.retry(id, ledger.now()));
        return { output: { job: view(id) } };
      },
    }),
  ];
}

/** A page ends here, in characters of prompts and results, since one job may have a million. */
const pageSize = 4 * 1024 * 1024;
/** Read from the ledger at once; all of these may be large. */
const stepSize = 20;

/** `limit` jobs, fewer when they are large, at least one if there is one. */
function readPage(
  ledger: Ledger,
  filter: JobFilter,
): { readonly jobs: readonly JobRecord[]; readonly hasMore: boolean } {
  const jobs: JobRecord[] = [];
  let size = 0;
  let before = filter.before;
  for (;;) {
    const limit = Math.min(stepSize, filter.limit - jobs.length);
    const step = ledger.jobs.list({ ...filter, before, limit });
    for (const job of step) {
      size += job.prompt.length + (job.resultText?.length ?? 0) + (job.resultData?.length ?? 0);
      if (size > pageSize && jobs.length > 0) return { jobs, hasMore: true };
      jobs.push(job);
      before = job.seq;
    }
    if (jobs.length === filter.limit) return { jobs, hasMore: true };
    if (step.length < limit) return { jobs, hasMore: false };
  }
}
