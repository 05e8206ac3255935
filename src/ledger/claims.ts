// The fenced right to run a job: granted, adopted, handed back and settled here and nowhere else. Every method that
// writes runs inside a transaction of the writer.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Usage } from '../core/agent.ts';
import { HomerError, problem } from '../core/errors.ts';
import type { JobId, RunId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import { decideSettlement, type RunEnd, type Settlement, type Verdict } from '../core/verdict.ts';
import type { EventLog } from './event-log.ts';
import type { JobMoves, JobRecord, Move, Row } from './job-record.ts';

/** The right to make one run of one job, as the ledger granted it. */
export interface Grant {
  readonly jobId: JobId;
  readonly lane: string;
  readonly runId: RunId;
  /** `<generation>.<epoch>.<fence>` */
  readonly token: string;
}

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
  readonly exitCode: number | null;
  readonly usage: Usage;
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

export const noUsage: Usage = { inputTokens: null, outputTokens: null, costUsd: null };

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const number = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

function runFromRow(row: Row): RunRecord {
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
    exitCode: number(row['exit_code']),
    usage: {
      inputTokens: number(row['input_tokens']),
      outputTokens: number(row['output_tokens']),
      costUsd: number(row['cost_usd']),
    },
  };
}

export interface ClaimsOptions {
  readonly generation: string;
  readonly epoch: number;
  readonly newRunId: (now: number) => RunId;
  /** In [0, 1), for the jitter of a backoff. */
  readonly random: () => number;
}

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #moves: JobMoves;
  readonly #events: EventLog;
  readonly #ready: StatementSync;
  readonly #claim: StatementSync;
  readonly #insertRun: StatementSync;
  readonly #running: StatementSync;
  readonly #findRun: StatementSync;
  readonly #runsOfJob: StatementSync;
  readonly #liveRuns: StatementSync;
  readonly #recentGrants: StatementSync;
  readonly #endRun: StatementSync;
  readonly #adoptRun: StatementSync;
  readonly #adoptJob: StatementSync;
  readonly #startRun: StatementSync;
  readonly #nameSession: StatementSync;
  readonly #nameJobSession: StatementSync;

  constructor(database: DatabaseSync, moves: JobMoves, events: EventLog, options: ClaimsOptions) {
    this.#options = options;
    this.#moves = moves;
    this.#events = events;
    this.#ready = database.prepare(`SELECT seq, id, fence FROM jobs WHERE lane = ? AND state = 'queued'
      AND due_at IS NULL ORDER BY order_key, seq LIMIT ?`);
    this.#claim = database.prepare(`UPDATE jobs SET state = 'running', fence = ?, epoch = ?,
      started_at = coalesce(started_at, ?) WHERE seq = ?`);
    this.#insertRun = database.prepare(`INSERT INTO runs (id, job_id, lane, state, epoch, fence, granted_at)
      VALUES (?, ?, ?, 'starting', ?, ?, ?)`);
    this.#running = database.prepare(
      "SELECT count(*) AS jobs FROM jobs WHERE lane = ? AND state = 'running'",
    );
    this.#findRun = database.prepare('SELECT * FROM runs WHERE id = ?');
    this.#runsOfJob = database.prepare('SELECT * FROM runs WHERE job_id = ? ORDER BY fence');
    this.#liveRuns = database.prepare("SELECT * FROM runs WHERE state <> 'ended' ORDER BY id");
    this.#recentGrants = database.prepare(
      'SELECT granted_at FROM runs WHERE lane = ? AND granted_at > ? ORDER BY granted_at',
    );
    this.#endRun = database.prepare(`UPDATE runs SET state = 'ended', ended_at = ?, verdict = ?, message = ?,
      agent_session_id = coalesce(?, agent_session_id), exit_code = ?, input_tokens = ?, output_tokens = ?,
      cost_usd = ? WHERE id = ? AND state <> 'ended'`);
    this.#adoptRun = database.prepare('UPDATE runs SET epoch = ? WHERE id = ?');
    this.#adoptJob = database.prepare('UPDATE jobs SET epoch = ? WHERE id = ?');
    this.#startRun = database.prepare(`UPDATE runs SET state = 'running', starts = starts + 1, worker_id = ?,
      started_at = coalesce(started_at, ?) WHERE id = ?`);
    this.#nameSession = database.prepare('UPDATE runs SET agent_session_id = ? WHERE id = ?');
    this.#nameJobSession = database.prepare('UPDATE jobs SET agent_session_id = ? WHERE id = ?');
  }

  /** Grants up to `limit` runs of the lane's next jobs, in their order. */
  grant(lane: string, limit: number, now: number): Grant[] {
    const { epoch } = this.#options;
    return this.#ready.all(lane, limit).map((row) => {
      const jobId = String(row['id']) as JobId;
      const fence = Number(row['fence']) + 1;
      const runId = this.#options.newRunId(now);
      this.#claim.run(fence, epoch, now, Number(row['seq']));
      this.#insertRun.run(runId, jobId, lane, epoch, fence, now);
      this.#events.append(now, 'job.running', jobId, runId, null);
      return { jobId, lane, runId, token: this.#token(fence) };
    });
  }

  /** Jobs of the lane that hold a slot. */
  runningIn(lane: string): number {
    return Number(this.#running.get(lane)?.['jobs'] ?? 0);
  }

  /** Times of the lane's grants after `since`, ascending: what a rate limit has to remember across a restart. */
  grantsSince(lane: string, since: number): number[] {
    return this.#recentGrants.all(lane, since).map((row) => Number(row['granted_at']));
  }

  findRun(id: RunId): RunRecord | null {
    const row = this.#findRun.get(id);
    return row === undefined ? null : runFromRow(row);
  }

  runsOf(jobId: JobId): RunRecord[] {
    return this.#runsOfJob.all(jobId).map(runFromRow);
  }

  /** Runs that have not ended, whichever boot granted them. */
  liveRuns(): RunRecord[] {
    return this.#liveRuns.all().map(runFromRow);
  }

  /** Makes a run that an earlier boot left behind this boot's own; returns the claim under its new token. */
  adopt(runId: RunId, now: number): Grant {
    const run = this.#require(runId);
    this.#adoptRun.run(this.#options.epoch, runId);
    this.#adoptJob.run(this.#options.epoch, run.jobId);
    this.#events.append(now, 'run.adopted', run.jobId, runId, null);
    return { jobId: run.jobId, lane: run.lane, runId, token: this.#token(run.fence) };
  }

  /** Written before every spawn of a runner, so that starts that come to nothing are counted. */
  recordStart(grant: Grant, workerId: string, now: number): void {
    this.#current(grant);
    this.#startRun.run(workerId, now, grant.runId);
    this.#events.append(now, 'run.started', grant.jobId, grant.runId, null);
  }

  /** The agent named its session: a later run of the job goes on in it. */
  recordSession(grant: Grant, agentSessionId: string, now: number): void {
    this.#current(grant);
    this.#nameSession.run(agentSessionId, grant.runId);
    this.#nameJobSession.run(agentSessionId, grant.jobId);
    this.#events.append(now, 'run.session', grant.jobId, grant.runId, { agentSessionId });
  }

  /** Ends the run and moves its job as the verdict table says, in one commit. HOMER_FENCED for a stale token. */
  settle(grant: Grant, report: RunReport, now: number): JobRecord {
    const job = this.#current(grant);
    const settlement = decideSettlement(
      { ...job, cancelRequested: job.cancelRequestedAt !== null },
      report,
      now,
      this.#options.random(),
    );
    this.#end(grant.runId, report, now);
    return this.#moves.move(job, this.#moveFor(job, settlement, report, now), now, grant.runId, {
      verdict: report.verdict,
    });
  }

  /** The run never came to anything and nothing is burnt: the job is queued again. */
  handBack(grant: Grant, delayMs: number, now: number): JobRecord {
    const job = this.#current(grant);
    this.#end(grant.runId, unusedRun, now);
    const move: Move =
      job.cancelRequestedAt === null
        ? { state: 'queued', dueAt: delayMs > 0 ? now + delayMs : null }
        : { state: 'cancelled', endedAt: now, error: problem('HOMER_CANCELLED', job.id) };
    return this.#moves.move(job, move, now, grant.runId, { handedBack: true });
  }

  /** The run ends and its job waits for a person, whatever its budgets say. */
  await(grant: Grant, code: 'HOMER_TREE_UNPROVEN' | 'HOMER_HELD', message: string, now: number): JobRecord {
    const job = this.#current(grant);
    this.#end(grant.runId, { ...unusedRun, message }, now);
    return this.#moves.move(
      job,
      { state: 'waiting', error: problem(code, job.id, message) },
      now,
      grant.runId,
    );
  }

  #moveFor(job: JobRecord, settlement: Settlement, report: RunReport, now: number): Move {
    const unproven = report.tree === 'unproven' && settlement.state === 'queued';
    const state = unproven ? 'waiting' : settlement.state;
    const keepsResult = state === 'succeeded' || report.text !== null;
    return {
      state,
      dueAt: unproven ? null : settlement.dueAt,
      attempts: settlement.attempts,
      crashes: settlement.crashes,
      parks: state === 'parked' ? job.parks + 1 : 0,
      endedAt: isEnded(state) ? now : null,
      agentSessionId: report.agentSessionId ?? job.agentSessionId,
      error: unproven ? problem('HOMER_TREE_UNPROVEN', job.id, report.message) : settlement.problem,
      resultText: keepsResult ? report.text : null,
      resultData:
        keepsResult && report.data !== undefined && report.data !== null ? JSON.stringify(report.data) : null,
    };
  }

  #end(runId: RunId, report: RunReport, now: number): void {
    const { usage } = report;
    this.#endRun.run(
      now,
      report.verdict,
      report.message ?? null,
      report.agentSessionId,
      report.exitCode,
      usage.inputTokens,
      usage.outputTokens,
      usage.costUsd,
      runId,
    );
  }

  /** The job of a claim that is still the current one; HOMER_FENCED otherwise. */
  #current(grant: Grant): JobRecord {
    const job = this.#moves.get(grant.jobId);
    const isCurrent =
      job.state === 'running' && job.epoch === this.#options.epoch && grant.token === this.#token(job.fence);
    if (isCurrent) return job;
    throw new HomerError(
      'HOMER_FENCED',
      `The claim ${grant.token} on job ${grant.jobId} is no longer the current one.`,
    );
  }

  #require(runId: RunId): RunRecord {
    const run = this.findRun(runId);
    if (run === null) throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${runId}.`);
    return run;
  }

  #token(fence: number): string {
    return `${this.#options.generation}.${this.#options.epoch}.${fence}`;
  }
}

const unusedRun: RunReport = {
  verdict: 'interrupted',
  text: null,
  data: null,
  usage: noUsage,
  exitCode: null,
  agentSessionId: null,
  tree: 'dead',
};
