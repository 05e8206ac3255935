// Operations on approvals: what agents ask, and a person's answer.

import { z } from 'zod';
import { approvalStates, type ApprovalScope, type ApprovalState } from '../core/approval.ts';
import { isApprovalId, isJobId, type ApprovalId, type JobId } from '../core/ids.ts';
import type { ApprovalRecord, PersonsAnswer } from '../ledger/approvals.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { summariseInput } from '../executors/tool-summary.ts';
import { fromDigits } from './from-digits.ts';
import { defineOperation, type Caller, type Operation, type Outcome } from './operation.ts';

export interface ApprovalOperationsOptions {
  readonly ledger: Ledger;
  /** Tells the run of a job what was answered, if the job has its slot. */
  readonly tellAnswers: (jobId: JobId) => void;
}

const time = z.iso.datetime().nullable();
const scopes = ['once', 'session'] as const satisfies readonly ApprovalScope[];

export const approvalView = z.object({
  id: z.string(),
  jobId: z.string(),
  runId: z.string(),
  /** Null: the job is no turn of a session. */
  sessionId: z.string().nullable(),
  tool: z.string(),
  input: z.json(),
  /** What of the input says most, on one line; nothing to decide by. */
  summary: z.string(),
  askedAt: time,
  expiresAt: time,
  state: z.enum(approvalStates as readonly [ApprovalState, ...ApprovalState[]]),
  scope: z.enum(scopes).nullable(),
  answeredAt: time,
  answeredBy: z.string().nullable(),
  endedAt: time,
});

export type ApprovalView = z.infer<typeof approvalView>;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function viewApproval(approval: ApprovalRecord, ledger: Ledger): ApprovalView {
  const { id, jobId, runId, tool, askedAt, expiresAt, state, scope } = approval;
  const input = JSON.parse(approval.input) as z.core.util.JSONType;
  return {
    id,
    jobId,
    runId,
    sessionId: ledger.jobs.get(jobId).sessionId,
    tool,
    input,
    summary: summariseInput(input),
    askedAt: iso(askedAt),
    expiresAt: iso(expiresAt),
    state,
    scope,
    answeredAt: iso(approval.answeredAt),
    answeredBy: approval.answeredBy,
    endedAt: iso(approval.endedAt),
  };
}

const approvalId = z.string().refine(isApprovalId, 'is not the id of an approval');
const oneApproval = z.object({ approval: approvalView });

const listInput = z.strictObject({
  state: z.enum(approvalStates as readonly [ApprovalState, ...ApprovalState[]]).optional(),
  job: z.string().refine(isJobId, 'is not the id of a job').optional(),
  limit: z.preprocess(fromDigits, z.int().min(1).max(200)).default(50),
  cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
});

const allowInput = z.strictObject({ id: approvalId, scope: z.enum(scopes).default('once') });
// What is denied is denied once: the agent may have a better reason the next time.
const denyInput = z.strictObject({ id: approvalId, scope: z.literal('once').default('once') });

export function approvalOperations({ ledger, tellAnswers }: ApprovalOperationsOptions): readonly Operation[] {
  async function answer(
    id: ApprovalId,
    { decision, scope }: Omit<PersonsAnswer, 'by'>,
    caller: Caller,
  ): Promise<Outcome<z.infer<typeof oneApproval>>> {
    const { jobId } = await ledger.commit(() => {
      const now = ledger.now();
      const approval = ledger.approvals.answer(id, { decision, scope, by: caller.source }, now);
      // The run is told when its job has its slot again, which may be in this very commit.
      if (approval.state === 'answering') ledger.slots.want(approval.jobId, now);
      return approval;
    });
    tellAnswers(jobId);
    return { output: { approval: viewApproval(ledger.approvals.get(id), ledger) } };
  }

  return [
    defineOperation({
      name: 'approvals.list',
      input: listInput,
      output: z.object({ approvals: z.array(approvalView), nextCursor: z.string().nullable() }),
      async handle({ state, job, limit, cursor }) {
        if (job !== undefined) ledger.jobs.get(job);
        const found = ledger.approvals.list({ state, jobId: job, limit: limit + 1, before: cursor });
        const shown = found.slice(0, limit);
        const last = found.length > limit ? shown.at(-1) : undefined;
        return {
          output: {
            approvals: shown.map((approval) => viewApproval(approval, ledger)),
            nextCursor: last === undefined ? null : String(last.seq),
          },
        };
      },
    }),
    defineOperation({
      name: 'approvals.get',
      input: z.strictObject({ id: approvalId }),
      output: oneApproval,
      async handle({ id }) {
        return { output: { approval: viewApproval(ledger.approvals.get(id), ledger) } };
      },
    }),
    defineOperation({
      name: 'approvals.allow',
      input: allowInput,
      output: oneApproval,
      handle: ({ id, scope }, caller) => answer(id, { decision: 'allow', scope }, caller),
    }),
    defineOperation({
      name: 'approvals.deny',
      input: denyInput,
      output: oneApproval,
      handle: ({ id }, caller) => answer(id, { decision: 'deny', scope: 'once' }, caller),
    }),
  ];
}
