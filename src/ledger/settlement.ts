// What a settlement depends on, and what it writes to the job.

import { problem } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import { isEnded, type JobState, type OnInterrupt } from '../core/job.ts';
import type { SettledJob, Settlement } from '../core/verdict.ts';
import { movableFromRow, type Movable, type Move, type Row } from './job-record.ts';
import type { RunReport } from './run-record.ts';

/** As much of a job as its settlement depends on. */
export interface ClaimedJob extends SettledJob, Movable {
  readonly id: JobId;
  readonly fence: number;
  /** It waits while its run lives on. */
  readonly isLive: boolean;
  readonly lane: string;
  readonly executor: string;
  readonly fallback: readonly string[];
}

export function claimedFromRow(row: Row): ClaimedJob {
  return {
    ...movableFromRow(row),
    fence: Number(row['fence']),
    attempts: Number(row['attempts']),
    crashes: Number(row['crashes']),
    parks: Number(row['parks']),
    maxAttempts: Number(row['max_attempts']),
    maxCrashes: Number(row['max_crashes']),
    onInterrupt: String(row['on_interrupt']) as OnInterrupt,
    cancelRequested: row['cancel_requested_at'] !== null,
    isLive: row['live'] === 1,
    lane: String(row['lane']),
    executor: String(row['executor']),
    fallback: JSON.parse(String(row['fallback'] ?? '[]')) as readonly string[],
  };
}

/** What a settlement writes to the job: no more than what it changes. */
export function settlementMove(
  job: ClaimedJob,
  settlement: Settlement,
  report: RunReport,
  now: number,
): Move {
  // While something of the old run may live, nothing of this job may start.
  const unproven = report.tree === 'unproven' && !isEnded(settlement.state);
  const state = unproven ? 'waiting' : settlement.state;
  const ended = isEnded(state);
  const keepsResult = state === 'succeeded' || report.text !== null;
  const data = keepsResult ? (report.data ?? null) : null;
  return {
    state,
    parks: state === 'parked' ? job.parks + 1 : 0,
    error: unproven ? problem('HOMER_TREE_UNPROVEN', job.id, report.message) : settlement.problem,
    resultText: keepsResult ? report.text : null,
    resultData: data === null ? null : JSON.stringify(data),
    ...(state === 'succeeded' ? {} : { attempts: settlement.attempts, crashes: settlement.crashes }),
    ...(ended ? { endedAt: now } : {}),
    ...(ended || unproven ? {} : { dueAt: settlement.dueAt }),
    ...agentSessionOf(report, state),
    ...(settlement.fallsBackTo === null || state !== 'queued'
      ? {}
      : fallbackMove(settlement.fallsBackTo, job)),
  };
}

/** The session that the next run goes on in; one that is lost is forgotten when there is a next run. */
function agentSessionOf(report: RunReport, state: JobState): Pick<Move, 'agentSessionId'> {
  if (report.verdict === 'session_lost') return state === 'queued' ? { agentSessionId: null } : {};
  return report.agentSessionId === null ? {} : { agentSessionId: report.agentSessionId };
}

/** Another agent takes over, which has nothing of the one before but what Homer tells it. */
function fallbackMove(executor: string, { fallback }: ClaimedJob): Partial<Move> {
  return { executor, fallback: JSON.stringify(fallback.slice(1)), agentSessionId: null };
}
