// All that the ledger knows of a run that is to be started, as a value: the host that starts it adds what it has of its own
// (executors, directories, secrets). It is JSON, since that host may be another one.

import type { ExecutorConfig } from '../config/config.ts';
import type { SessionGrant } from '../core/approval.ts';
import type { Generation, RunId } from '../core/ids.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunReport } from '../ledger/run-record.ts';
import type { DayAllowance } from '../runner/files.ts';
import {
  decideAllowanceOf,
  readEarlier,
  reportOfNothingLeft,
  type EarlierRun,
  type RunAllowance,
} from './run-allowance.ts';
import { readPast, type Past } from './turn.ts';

/** As much of a job as a run of it needs. */
export type BriefJob = Pick<
  JobRecord,
  | 'id'
  | 'lane'
  | 'executor'
  | 'sessionId'
  | 'cwd'
  | 'prompt'
  | 'timeoutMs'
  | 'fallback'
  | 'countedFrom'
  | 'maxTurns'
  | 'maxTokens'
  | 'maxCostUsd'
>;

export interface Brief {
  readonly generation: Generation;
  readonly runId: RunId;
  readonly job: BriefJob;
  readonly past: Past;
  /** Earlier runs of the job, for what they have used of its limits. */
  readonly earlier: readonly EarlierRun[];
  /** What is left of the day's budgets; null: none applies. */
  readonly day: DayAllowance | null;
  /** Allowed for the session. */
  readonly granted: readonly SessionGrant[];
  /** How long a person is waited for, ms. */
  readonly expiryMs: number;
}

/** `canFork`: its executor can begin an agent session as a copy of another one. */
export function readBrief(
  ledger: Ledger,
  job: JobRecord,
  runId: RunId,
  { canFork, expiryMs }: { readonly canFork: boolean; readonly expiryMs: number },
): Brief {
  const { id, lane, executor, sessionId, cwd, prompt, timeoutMs, fallback, countedFrom } = job;
  const { maxTurns, maxTokens, maxCostUsd } = job;
  const limits = { countedFrom, maxTurns, maxTokens, maxCostUsd };
  return {
    generation: ledger.generation,
    runId,
    job: { id, lane, executor, sessionId, cwd, prompt, timeoutMs, fallback, ...limits },
    past: readPast(ledger, job, runId, canFork),
    earlier: readEarlier(ledger, job.id, runId),
    day: ledger.spending.allowance(lane, ledger.now()),
    granted: ledger.sessionGrants.of(job),
    expiryMs,
  };
}

/** What the run may use, or how it ends without having been started: nothing is left for it. */
export function allowanceOf(
  { job, earlier, day }: Pick<Brief, 'job' | 'earlier' | 'day'>,
  config: ExecutorConfig,
): { readonly allowance: RunAllowance } | { readonly report: RunReport } {
  const allowance = {
    allowance: decideAllowanceOf(job, config, earlier),
    ...(day === null ? {} : { day }),
  };
  const report = reportOfNothingLeft(allowance);
  return report === null ? { allowance } : { report };
}
