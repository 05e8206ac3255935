// What needs a person, and why a job waits for one.

import { z } from 'zod';
import { problem, type Problem } from '../core/errors.ts';
import { isEnded } from '../core/job.ts';
import { summariseInput } from '../executors/tool-summary.ts';
import type { ApprovalRecord } from '../ledger/approvals.ts';
import type { DeliveryRecord } from '../ledger/delivery-record.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { QuestionRecord } from '../ledger/questions.ts';

export const needView = z.object({
  /** Null where it is about no job. */
  jobId: z.string().nullable(),
  /** The question of its agent; null: it needs something else. */
  approvalId: z.string().nullable(),
  state: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  /** What its agent asks in words. */
  questionId: z.string().optional(),
  /** The message that is not delivered. */
  deliveryId: z.string().optional(),
  /** When the question is answered with no by itself. */
  expiresAt: z.iso.datetime().nullable(),
});

export type Need = z.infer<typeof needView>;

/** A failure is news for a day, or until somebody has seen it; after that it is in the list of jobs. */
export const newsMs = 86_400_000;
/** Of what waits for a person there are few; failures are counted by the ledger. */
const mostCounted = 500;

/** How many there are, though not all of them are listed. */
export const needsCount = z.object({ total: z.int(), failed: z.int() });

export interface Needs {
  readonly needsYou: Need[];
  readonly needs: z.infer<typeof needsCount>;
}

/**
 * Questions first, the oldest of them at the top: they expire. Failures come last, since they can wait. At most `limit` of
 * each sort are listed.
 */
export function needsYou(ledger: Ledger, limit: number): Needs {
  const since = ledger.now() - newsMs;
  const asked = ledger.approvals.list({ state: 'pending', limit: mostCounted }).toReversed();
  const waiting = ledger.jobs
    .list({ state: 'waiting', limit: mostCounted })
    // The jobs under it are at work, or are themselves on this list; so are its questions.
    .filter((job) => job.waitingFor === null);
  const failed = ledger.failures.newest(since, limit).map((id) => ledger.jobs.get(id));
  const stuck = (['unknown', 'dead'] as const).flatMap((state) =>
    ledger.deliveries.list({ state, limit: mostCounted }),
  );
  const questions = ledger.questions.list({ state: 'pending', limit: mostCounted }).toReversed();
  const failures = ledger.failures.count(since);
  return {
    needsYou: [
      ...asked.slice(0, limit).map((approval) => needOf(approval, ledger)),
      ...questions.slice(0, limit).map(needOfQuestion),
      ...waiting.slice(0, limit).map(needOfJob),
      ...stuck.slice(0, limit).map(needOfDelivery),
      ...failed.map(needOfJob),
    ],
    needs: {
      total: asked.length + questions.length + waiting.length + stuck.length + failures,
      failed: failures,
    },
  };
}

function needOfJob(job: JobRecord): Need {
  return {
    jobId: job.id,
    approvalId: null,
    state: job.state,
    code: job.error?.code ?? '',
    message: job.error?.message ?? '',
    hint: job.error?.hint ?? '',
    expiresAt: null,
  };
}

/** The stored error of a job; while it waits for answers, what its agent asks; null once all is answered. */
export function problemOf(ledger: Ledger, job: JobRecord): Problem | null {
  const [question] = isEnded(job.state) ? [] : ledger.questions.pendingOfJob(job.id);
  if (question !== undefined) {
    const hint = `Answer with \`homer answer ${question.id} '…'\`.`;
    return problem('HOMER_QUESTION_PENDING', job.id, `The agent asks: ${question.text}`, hint);
  }
  if (job.state !== 'waiting' || job.waitingFor !== 'approval') return job.error;
  const [first, ...more] = ledger.approvals.openOfJob(job.id).filter(({ state }) => state === 'pending');
  if (first === undefined) return null;
  const others = more.length === 0 ? '' : `, and ${more.length} more`;
  const what = summaryOf(first) === '' ? '' : ` (${summaryOf(first)})`;
  return problem(
    'HOMER_APPROVAL_PENDING',
    job.id,
    `The agent asks whether it may use ${first.tool}${what}${others}`,
  );
}

function needOf(approval: ApprovalRecord, ledger: Ledger): Need {
  const { id, jobId, tool, expiresAt } = approval;
  const summary = summaryOf(approval);
  return {
    jobId,
    approvalId: id,
    state: ledger.jobs.get(jobId).state,
    code: 'HOMER_APPROVAL_PENDING',
    message: summary === '' ? tool : `${tool}: ${summary}`,
    hint: `Answer with \`homer approve ${id}\` or \`homer deny ${id}\`.`,
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}

function needOfQuestion({ id, jobId, text, choices }: QuestionRecord): Need {
  const offered = choices.length === 0 ? '' : ` (${choices.join(' | ')})`;
  return {
    jobId,
    approvalId: null,
    questionId: id,
    state: 'asks',
    code: 'HOMER_QUESTION_PENDING',
    message: `${text}${offered}`,
    hint: `Answer with \`homer answer ${id} '…'\`.`,
    expiresAt: null,
  };
}

function needOfDelivery({ id, jobId, kind, target, state, reason }: DeliveryRecord): Need {
  const what = state === 'dead' ? 'cannot be delivered' : 'may not have arrived';
  return {
    jobId,
    approvalId: null,
    deliveryId: id,
    state,
    code: '',
    message: `A ${kind} for ${target} ${what}: ${reason ?? ''}`,
    hint: `\`homer deliveries retry ${id}\` sends it again, \`homer deliveries drop ${id}\` gives it up.`,
    expiresAt: null,
  };
}

function summaryOf({ input }: ApprovalRecord): string {
  return summariseInput(JSON.parse(input));
}
