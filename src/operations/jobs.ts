// Operations on jobs: accept, look, cancel, retry.

import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { isJobId, type JobId } from '../core/ids.ts';
import { jobStates, type JobState } from '../core/job.ts';
import { limitsNotKept } from '../executors/kept-limits.ts';
import { checkAgain } from '../intake/again.ts';
import type { Accept } from '../intake/intake.ts';
import type { PlaceOptions } from '../intake/place.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { JobFilter } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseTarget, targetRule } from '../core/delivery.ts';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { fromDigits } from './from-digits.ts';
import { jobView, viewJob, type JobView } from './job-view.ts';
import { limitFields, trialFields } from './limit-fields.ts';
import { requireKin } from './kin.ts';
import { newsMs, problemOf } from './needs.ts';
import { defineOperation, type Operation } from './operation.ts';
import { createTurns } from './turns.ts';

export interface JobOperationsOptions extends PlaceOptions {
  readonly ledger: Ledger;
  readonly accept: Accept;
  /** Tells the run of a job to end, if there is one. */
  readonly endRun: (jobId: JobId) => void;
}

const jobId = z.string().refine(isJobId, 'is not the id of a job');
const oneJob = z.object({ job: jobView });

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
  session: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ examples: ['website'] }),
  cwd: z.string().min(1).max(4096).optional(),
  runAfter: z.iso.datetime({ offset: true }).optional(),
  ...trialFields,
  parent: jobId.optional(),
  worktree: z.boolean().optional(),
  ...limitFields,
  notify: z
    .string()
    .refine((text) => parseTarget(text) !== null, targetRule)
    .optional()
    .meta({ examples: ['telegram:123456789'] }),
  key: z.string().refine(isIdempotencyKey, keyRule).optional(),
});

const listInput = z.strictObject({
  state: z.enum(jobStates as readonly [JobState, ...JobState[]]).optional(),
  lane: z.string().max(64).optional(),
  parent: jobId.optional(),
  /** Name or id of a session. */
  session: z.string().max(64).optional(),
  limit: z.preprocess(fromDigits, z.int().min(1).max(500)).default(50),
  cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
});

const idInput = z.strictObject({ id: jobId });

export function jobOperations(options: JobOperationsOptions): readonly Operation[] {
  const { ledger, home, accept, endRun, executors } = options;
  const show = (job: JobRecord): JobView =>
    viewJob(
      { ...job, error: problemOf(ledger, job) },
      ledger.claims.runsOf(job.id),
      ledger.family.count(job.id),
      home,
    );
  const view = (id: JobId): JobView => show(ledger.jobs.get(id));
  const warningsOf = ({ executor, maxTurns, maxTokens, maxCostUsd }: JobView): string[] => {
    const kind = executors()[executor]?.kind;
    const limits = { turns: maxTurns, tokens: maxTokens, costUsd: maxCostUsd };
    return kind === undefined ? [] : limitsNotKept(executor, kind, limits);
  };

  return [
    defineOperation({
      name: 'jobs.create',
      input: createInput,
      output: z.object({ job: jobView, warnings: z.array(z.string()) }),
      async handle({ key, ...request }, caller) {
        const { id, created } = await accept(request, key ?? null, caller);
        const job = view(id);
        return { output: { job, warnings: warningsOf(job) }, status: created ? 202 : 200 };
      },
    }),
    defineOperation({
      name: 'jobs.list',
      input: listInput,
      output: z.object({ jobs: z.array(jobView), nextCursor: z.string().nullable() }),
      async handle({ state, lane, parent, session, limit, cursor }, caller) {
        // A run sees its own children unless it names another job under its own.
        const parentId = parent ?? caller.run?.jobId;
        if (parentId !== undefined) requireKin(ledger.family, caller, parentId, 'own');
        const sessionId = session === undefined ? undefined : ledger.sessions.get(session).id;
        const filter = { state, lane, parentId, sessionId, limit, before: cursor };
        const { jobs, hasMore } = await readPage(ledger, filter);
        const last = jobs.at(-1);
        return {
          output: {
            jobs: jobs.map(show),
            nextCursor: hasMore && last !== undefined ? String(last.seq) : null,
          },
        };
      },
    }),
    defineOperation({
      name: 'jobs.get',
      input: idInput,
      output: oneJob,
      async handle({ id }, caller) {
        requireKin(ledger.family, caller, id, 'own');
        return { output: { job: view(id) } };
      },
    }),
    defineOperation({
      name: 'jobs.cancel',
      input: idInput,
      output: oneJob,
      async handle({ id }, caller) {
        requireKin(ledger.family, caller, id, 'under');
        const { running } = await ledger.commit(() => ledger.family.cancelTree(id, ledger.now()));
        for (const each of running) endRun(each);
        return { output: { job: view(id) } };
      },
    }),
    defineOperation({
      name: 'jobs.retry',
      input: idInput,
      output: oneJob,
      async handle({ id }, caller) {
        if (ledger.isHeld()) throw new HomerError('HOMER_HELD', 'Homer is held and runs nothing.');
        checkAgain(options, ledger.jobs.get(id), caller);
        await ledger.commit(() => {
          const { error, executor } = ledger.jobs.get(id);
          ledger.jobs.retry(id, ledger.now());
          // A person wants it tried: as long as the limit was believed in, it would be parked again.
          if (error?.code === 'HOMER_USAGE_LIMIT') ledger.usageLimits.clear(executor, ledger.now());
        });
        return { output: { job: view(id) } };
      },
    }),
    defineOperation({
      name: 'jobs.seen',
      input: z.strictObject({ id: jobId.optional() }),
      output: z.object({ seen: z.array(z.string()) }),
      async handle({ id }) {
        const seen = await ledger.commit(() => {
          // One that is not there is told.
          if (id !== undefined) ledger.jobs.get(id);
          const now = ledger.now();
          return ledger.failures.see(now - newsMs, id ?? null, now);
        });
        return { output: { seen: [...seen] } };
      },
    }),
  ];
}

/** A page ends here, in characters of prompts and results, since one job may have a million. */
const pageSize = 4 * 1024 * 1024;
/** Read from the ledger at once; all of these may be large. */
const stepSize = 20;

const takeTurn = createTurns();

/** `limit` jobs, fewer when they are large, at least one if there is one. */
export async function readPage(
  ledger: Ledger,
  filter: JobFilter,
): Promise<{ readonly jobs: readonly JobRecord[]; readonly hasMore: boolean }> {
  // A page may have megabytes: whoever asks for many at once must not keep all else waiting until they are read.
  await takeTurn();
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
