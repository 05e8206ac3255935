// The way of one job, step by step with times: received, queued, running, asked, answered, delivered.

import { z } from 'zod';
import { isJobId, type JobId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { requireKin } from './kin.ts';
import { defineOperation, type Operation } from './operation.ts';

const step = z.object({
  at: z.iso.datetime(),
  what: z.enum([
    'received',
    'queued',
    'granted',
    'running',
    'asked',
    'answered',
    'run_ended',
    'succeeded',
    'failed',
    'cancelled',
    'delivered',
    'undelivered',
  ]),
  detail: z.string(),
});

const trace = z.object({ jobId: z.string(), state: z.string(), steps: z.array(step) });

export type TraceView = z.infer<typeof trace>;

type Step = z.infer<typeof step>;

export function traceOperations(ledger: Ledger): readonly Operation[] {
  return [
    defineOperation({
      name: 'jobs.trace',
      input: z.strictObject({ id: z.string().refine(isJobId, 'is not the id of a job') }),
      output: trace,
      async handle({ id }, caller) {
        requireKin(ledger.family, caller, id, 'own');
        return { output: { jobId: id, state: ledger.jobs.get(id).state, steps: stepsOf(ledger, id) } };
      },
    }),
  ];
}

function stepsOf(ledger: Ledger, id: JobId): Step[] {
  const job = ledger.jobs.get(id);
  const steps: { at: number; what: Step['what']; detail: string }[] = [];
  const add = (at: number | null, what: Step['what'], detail: string): void => {
    if (at !== null) steps.push({ at, what, detail });
  };
  add(job.createdAt, 'received', `from ${job.source}, on disk`);
  add(job.queuedAt, 'queued', `in lane ${job.lane}`);
  for (const run of ledger.claims.runsOf(id)) {
    add(run.startedAt, 'running', `${run.executor ?? job.executor}, run ${run.id}`);
    add(run.endedAt, 'run_ended', run.verdict ?? '');
  }
  for (const approval of ledger.approvals.list({ jobId: id, limit: 200 })) {
    add(approval.askedAt, 'asked', approval.tool);
    add(approval.answeredAt ?? approval.endedAt, 'answered', `${approval.tool}: ${approval.state}`);
  }
  if (isEnded(job.state)) add(job.endedAt, job.state as 'succeeded', job.error?.message ?? '');
  for (const { kind, target, state, reason, endedAt } of ledger.deliveries.ofJob(id)) {
    const what = state === 'delivered' ? 'delivered' : 'undelivered';
    add(endedAt, what, `${kind} to ${target}${what === 'delivered' ? '' : ` is ${state}: ${reason ?? ''}`}`);
  }
  // Steps of one millisecond stay in the order in which they are told here.
  return steps
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what, detail }) => ({ at: new Date(at).toISOString(), what, detail }));
}
