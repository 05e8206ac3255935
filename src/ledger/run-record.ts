// A row of `runs` as a value, and what a run reports at its end.

import type { SQLOutputValue } from 'node:sqlite';
import type { Usage } from '../core/agent.ts';
import type { JobId, RunId } from '../core/ids.ts';
import type { RunEnd, Verdict } from '../core/verdict.ts';
import type { Row } from './job-record.ts';

export interface RunRecord {
  readonly id: RunId;
  readonly jobId: JobId;
  readonly lane: string;
  readonly state: 'starting' | 'running' | 'ended';
  readonly epoch: number;
  readonly fence: number;
  readonly starts: number;
  readonly grantedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly verdict: Verdict | null;
  readonly message: string | null;
  readonly agentSessionId: string | null;
  readonly workerId: string | null;
  /** The worker whose host it is on; null: the daemon's own. */
  readonly host: string | null;
  readonly exitCode: number | null;
  readonly usage: Usage;
  /** Null: it was made by a Homer that did not write it down. */
  readonly executor: string | null;
}

/** How a run ended, with all that is kept of it. */
export interface RunReport extends RunEnd {
  readonly text: string | null;
  /** Any JSON value. */
  readonly data: unknown;
  readonly usage: Usage;
  readonly exitCode: number | null;
  readonly agentSessionId: string | null;
  /** `unproven`: something the run started may still be alive, so nothing may run after it. */
  readonly tree: 'dead' | 'unproven';
}

/** Room for the runs of one job between two jobs; see the table. */
export const runsPerJob = 2 ** 20;

/** The key of a run in its table. */
export const runSeq = (jobSeq: number, fence: number): number => jobSeq * runsPerJob + fence;

export const noUsage: Usage = { inputTokens: null, outputTokens: null, costUsd: null };

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const number = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

export function runFromRow(row: Row): RunRecord {
  return {
    id: String(row['id']) as RunId,
    jobId: String(row['job_id']) as JobId,
    lane: String(row['lane']),
    state: String(row['state']) as RunRecord['state'],
    epoch: Number(row['epoch']),
    fence: Number(row['fence']),
    starts: Number(row['starts']),
    grantedAt: Number(row['granted_at']),
    startedAt: number(row['started_at']),
    endedAt: number(row['ended_at']),
    verdict: text(row['verdict']) as Verdict | null,
    message: text(row['message']),
    agentSessionId: text(row['agent_session_id']),
    workerId: text(row['worker_id']),
    host: text(row['host']),
    exitCode: number(row['exit_code']),
    usage: {
      inputTokens: number(row['input_tokens']),
      outputTokens: number(row['output_tokens']),
      costUsd: number(row['cost_usd']),
      turns: number(row['turns']),
    },
    executor: text(row['executor']),
  };
}

/** The report of a run that came to nothing. */
export const unusedRun: RunReport = {
  verdict: 'interrupted',
  text: null,
  data: null,
  usage: noUsage,
  exitCode: null,
  agentSessionId: null,
  tree: 'dead',
};
