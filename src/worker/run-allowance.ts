// What a run may use: what is left of its job's limits, of its executor's, and of the budgets of the day.

import type { ExecutorConfig } from '../config/config.ts';
import { leftOf, measures, narrower, spentMeasure } from '../core/allowance.ts';
import type { Allowance, Measure } from '../core/allowance.ts';
import type { JobId, RunId } from '../core/ids.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunRecord, RunReport } from '../ledger/run-record.ts';
import type { DayAllowance, LimitNames } from '../runner/files.ts';
import { emptySummary, reportWithout } from './report.ts';

export interface RunAllowance {
  readonly allowance: Allowance & { readonly of: LimitNames };
  /** Left out: no budget applies. */
  readonly day?: DayAllowance;
}

type LimitedJob = Pick<JobRecord, 'executor' | 'countedFrom' | 'maxTurns' | 'maxTokens' | 'maxCostUsd'>;
type LimitingExecutor = Pick<ExecutorConfig, 'maxTurns' | 'maxTokens' | 'maxBudgetUsd'>;

/** As much of an earlier run as its use of limits needs. */
export type EarlierRun = Pick<RunRecord, 'fence' | 'executor' | 'usage'>;

/** The runs of a job before this one. */
export function readEarlier({ claims }: Ledger, jobId: JobId, runId: RunId): EarlierRun[] {
  return claims
    .runsOf(jobId)
    .filter(({ id }) => id !== runId)
    .map(({ fence, executor, usage }) => ({ fence, executor, usage }));
}

/**
 * The narrower of what the job and its executor leave, measure by measure, each with the name of its limit. The job's counts
 * all its runs up to a retry by hand, the executor's those that it made itself. Pure.
 */
export function decideAllowanceOf(
  job: LimitedJob,
  config: LimitingExecutor,
  earlier: readonly EarlierRun[],
): RunAllowance['allowance'] {
  const counted = earlier.filter(({ fence }) => fence > job.countedFrom);
  const own = counted.filter(({ executor }) => executor === null || executor === job.executor);
  const usage = (runs: typeof counted) => runs.map((run) => run.usage);
  const ofJob = leftOf(
    { turns: job.maxTurns, tokens: job.maxTokens, costUsd: job.maxCostUsd },
    usage(counted),
  );
  const ofExecutor = leftOf(
    { turns: config.maxTurns, tokens: config.maxTokens, costUsd: config.maxBudgetUsd },
    usage(own),
  );
  const of: Partial<Record<Measure, string>> = {};
  for (const measure of measures) {
    if (ofJob[measure] === null && ofExecutor[measure] === null) continue;
    const isJobs = (ofJob[measure] ?? Infinity) <= (ofExecutor[measure] ?? Infinity);
    of[measure] = isJobs
      ? `${jobLimits[measure]} of the job`
      : `${executorLimits[measure]} of the executor ${job.executor}`;
  }
  return { ...narrower(ofJob, ofExecutor), of };
}

const jobLimits: Readonly<Record<Measure, string>> = {
  turns: 'maxTurns',
  tokens: 'maxTokens',
  costUsd: 'maxCostUsd',
};
const executorLimits: Readonly<Record<Measure, string>> = { ...jobLimits, costUsd: 'maxBudgetUsd' };

/** The end of a run that is not to be started, since nothing is left for it; null: there is something of each measure. */
export function reportOfNothingLeft({ allowance, day }: RunAllowance): RunReport | null {
  const measure = spentMeasure(allowance);
  if (measure !== null) {
    const message = `Earlier runs of the job have used all of ${allowance.of[measure] ?? measure}.`;
    return reportWithout(emptySummary, measure === 'turns' ? 'max_turns' : 'budget', message);
  }
  if (day === undefined || spentMeasure(day) === null) return null;
  const message = `The budget of the day of ${day.of} is used up.`;
  return { ...reportWithout(emptySummary, 'budget', message), until: day.until };
}
