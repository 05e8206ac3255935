// Questions on their way from a run's journal into the ledger, and answers on their way from the ledger to the run. Both may
// happen again after a crash: a question is one row however often the journal is read, and a runner takes one answer.

import { setTimeout as delay } from 'node:timers/promises';
import { type ApprovalState, grantOf, mostWithoutSlot } from '../core/approval.ts';
import type { PermissionAnsweredEvent, PermissionEvent } from '../core/agent.ts';
import type { ApprovalId } from '../core/ids.ts';
import type { Claim } from '../engine/engine.ts';
import type { ApprovalRecord } from '../ledger/approvals.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import { filesVersion, type JournalEntry } from '../runner/files.ts';
import { sendOrder } from '../runner/records.ts';
import { isPassing, persist } from './persist.ts';

export interface ApprovalContext {
  readonly ledger: Ledger;
  readonly pass: PassWaypoint;
  /** How many jobs of a lane may run at once. */
  readonly concurrencyOf: (lane: string) => number;
}

/** As much of a run as its questions need. */
export interface AskingRun {
  readonly claim: Claim;
  readonly directory: string;
  /** Answers its runner was told since this daemon has it. */
  readonly told: Set<ApprovalId>;
}

type QuestionEntry = JournalEntry & (PermissionEvent | PermissionAnsweredEvent);

const retryMs = 2_000;

/**
 * Writes down what part of a journal says of questions, in one commit with what it means for the job: it waits while
 * something is asked, and runs again when nothing is. `isOver`: the run has ended, so its job waits for nobody.
 */
export async function noteQuestions(
  context: ApprovalContext,
  { claim }: AskingRun,
  entries: readonly JournalEntry[],
  isOver: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, pass } = context;
  const news = entries.filter(isQuestion).filter((entry) => isNews(ledger, claim, entry));
  if (news.length === 0) return;
  await persist(
    ledger,
    () => {
      const now = ledger.now();
      const asked = new Set<string>();
      let isSettled = false;
      for (const entry of news) {
        if (entry.type === 'permission') {
          if (ask(ledger, claim, entry, now)) asked.add(entry.requestId);
        } else if (settle(ledger, claim, entry, now)) isSettled = true;
      }
      const open = ledger.approvals.openOfRun(claim.runId);
      if (isOver) return;
      if (open.some(({ requestId }) => asked.has(requestId))) {
        if (mayGiveUpSlot(context, claim)) ledger.claims.suspend(claim, 'approval', now);
      }
      // The agent has its answer and goes on: where nobody gave the slot back before (the question expired, say), the job
      // runs at once, also in a lane that is full meanwhile.
      else if (isSettled && open.length === 0)
        ledger.slots.takeBack(claim.jobId, claim.runId, 'approval', now);
    },
    signal,
  );
  pass('a1-noted');
}

/**
 * Whoever waits is not seen to work, but may: a run that took a question back once keeps its slot from then on, and only so
 * many runs of a lane are without theirs. The others are asked about all the same, and hold their lane up meanwhile.
 */
function mayGiveUpSlot(
  { ledger: { approvals, slots }, concurrencyOf }: ApprovalContext,
  { lane, runId }: Claim,
): boolean {
  const most = mostWithoutSlot(concurrencyOf(lane));
  return !approvals.hasTakenBack(runId) && slots.withoutSlot(lane, 'approval') < most;
}

/** Tells a run whose job has its slot what persons answered; resolves when its runner can read it. */
export async function tellAnswers(
  { ledger, pass }: ApprovalContext,
  { claim, directory, told }: AskingRun,
  signal: AbortSignal,
): Promise<void> {
  if (ledger.jobs.get(claim.jobId).state !== 'running') return;
  for (const { id, state, requestId, decision, scope } of ledger.approvals.openOfRun(claim.runId)) {
    if (state !== 'answering' || told.has(id)) continue;
    told.add(id);
    pass('a2-answered');
    await send(
      () =>
        sendOrder(directory, {
          version: filesVersion,
          type: 'answer',
          requestId,
          allow: decision === 'allow',
          scope: scope ?? 'once',
        }),
      signal,
    );
    pass('a3-told');
  }
}

/** However long the disk refuses. */
async function send(order: () => unknown, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      order();
      return;
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    await delay(retryMs, undefined, { signal });
  }
}

function isQuestion(entry: JournalEntry): entry is QuestionEntry {
  return (entry.type === 'permission' && entry.waits === true) || entry.type === 'permission_answered';
}

/** False for what the ledger has already: the journal is read from its beginning after every start. */
function isNews({ approvals }: Ledger, { runId }: Claim, entry: QuestionEntry): boolean {
  const known = approvals.findByRequest(runId, entry.requestId);
  return entry.type === 'permission' ? known === null : known === null || isOpen(known);
}

function isOpen({ state }: ApprovalRecord): boolean {
  return state === 'pending' || state === 'answering';
}

function ask(
  { approvals }: Ledger,
  { jobId, runId }: Claim,
  entry: JournalEntry & PermissionEvent,
  now: number,
): boolean {
  const { requestId, tool, at, expiresInMs = null } = entry;
  const expiresAt = expiresInMs === null ? null : at + expiresInMs;
  const input = JSON.stringify(entry.input ?? {});
  return approvals.ask({ jobId, runId, requestId, tool, input, askedAt: at, expiresAt }, now);
}

function settle(
  { approvals, jobs, sessionGrants }: Ledger,
  { jobId, runId }: Claim,
  { requestId, allow, by, scope }: PermissionAnsweredEvent,
  now: number,
): boolean {
  const settled = approvals.settle(
    runId,
    requestId,
    stateAfter(allow, by),
    by === 'session' ? by : null,
    now,
  );
  if (settled === null) return false;
  if (allow && by === 'person' && scope === 'session') {
    const { tool, input, answeredBy } = settled;
    sessionGrants.add(jobs.get(jobId), grantOf(tool, JSON.parse(input)), answeredBy ?? '', now);
  }
  return true;
}

function stateAfter(
  allow: boolean,
  by: PermissionAnsweredEvent['by'],
): Exclude<ApprovalState, 'pending' | 'answering'> {
  if (by === 'expired') return 'expired';
  if (by === 'withdrawn') return 'void';
  return allow ? 'allowed' : 'denied';
}
