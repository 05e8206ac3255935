// The fenced right to run a job: granted, adopted, handed back and settled here and nowhere else. Every method that
// writes runs inside a transaction of the writer.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { believable } from '../core/allowance.ts';
import { HomerError, problem } from '../core/errors.ts';
import { runIdsFrom, type JobId, type RunId } from '../core/ids.ts';
import type { JobState, WaitingFor } from '../core/job.ts';
import { decideSettlement, type Settlement } from '../core/verdict.ts';
import type { EventLog } from './event-log.ts';
import type { Grant, Taking } from './grant.ts';
import type { JobMoves, Move } from './job-record.ts';
import { ReadyJobs } from './ready.ts';
import { runFromRow, runSeq, runsPerJob, unusedRun, type RunRecord, type RunReport } from './run-record.ts';
import type { Sessions } from './sessions.ts';
import type { Spending } from './spending.ts';
import type { UsageLimits } from './usage-limits.ts';
import { claimedFromRow, settlementMove, type ClaimedJob } from './settlement.ts';

export interface ClaimsOptions {
  readonly generation: string;
  readonly epoch: number;
  readonly newRunId: (now: number) => RunId;
  /** In [0, 1), for the jitter of a backoff. */
  readonly random: () => number;
  /** Told in the transaction in which a run ends: what it asked is of no use any more. */
  readonly onRunEnded: (runId: RunId, now: number) => void;
  readonly sessions: Sessions;
  readonly spending: Spending;
  readonly usageLimits: UsageLimits;
}

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #moves: JobMoves;
  readonly #job: StatementSync;
  readonly #events: EventLog;
  readonly #ready: ReadyJobs;
  readonly #claim: StatementSync;
  readonly #insertRun: StatementSync;
  readonly #running: StatementSync;
  readonly #lanesRunning: StatementSync;
  readonly #byHost: StatementSync;
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
    this.#job = database.prepare(`SELECT seq, id, state, epoch, fence, attempts, crashes, parks, max_attempts,
      max_crashes, on_interrupt, cancel_requested_at, session_id, live, lane, executor, fallback FROM jobs WHERE id = ?`);
    this.#ready = new ReadyJobs(database);
    this.#claim = database.prepare(`UPDATE jobs SET state = 'running', fence = ?, epoch = ?,
      started_at = coalesce(started_at, ?) WHERE seq = ?`);
    this.#insertRun =
      database.prepare(`INSERT INTO runs (seq, id, job_id, lane, state, epoch, fence, granted_at,
      executor, host) VALUES (?, ?, ?, ?, 'starting', ?, ?, ?, ?, ?)`);
    this.#running = database.prepare(
      "SELECT count(*) AS jobs FROM jobs WHERE lane = ? AND state = 'running'",
    );
    this.#lanesRunning = database.prepare("SELECT DISTINCT lane FROM jobs WHERE state = 'running'");
    this.#byHost = database.prepare(`SELECT runs.host, count(*) AS runs FROM jobs JOIN runs
      ON runs.seq = jobs.seq * ${runsPerJob} + jobs.fence WHERE jobs.state = 'running' GROUP BY runs.host`);
    this.#findRun = database.prepare('SELECT * FROM runs WHERE id = ?');
    this.#runsOfJob = database.prepare(
      `SELECT runs.* FROM jobs JOIN runs ON runs.seq BETWEEN jobs.seq * ${runsPerJob} AND jobs.seq * ${runsPerJob}
       + ${runsPerJob - 1} WHERE jobs.id = ? ORDER BY runs.seq`,
    );
    // A job runs, or waits with a living run, as long as its newest run has not ended: these jobs lead to the live runs.
    this.#liveRuns =
      database.prepare(`SELECT runs.* FROM (SELECT seq, fence FROM jobs WHERE state = 'running' UNION ALL
      SELECT seq, fence FROM jobs WHERE live = 1) AS jobs JOIN runs ON runs.seq = jobs.seq * ${runsPerJob} + jobs.fence
      ORDER BY runs.id`);
    this.#recentGrants = database.prepare(
      'SELECT granted_at FROM runs WHERE id >= ? AND lane = ? ORDER BY granted_at',
    );
    this.#endRun = database.prepare(`UPDATE runs SET state = 'ended', ended_at = ?, verdict = ?, message = ?,
      agent_session_id = coalesce(?, agent_session_id), exit_code = ?, input_tokens = ?, output_tokens = ?,
      cost_usd = ?, turns = ? WHERE seq = ? RETURNING starts`);
    this.#adoptRun = database.prepare('UPDATE runs SET epoch = ? WHERE id = ?');
    this.#adoptJob = database.prepare('UPDATE jobs SET epoch = ? WHERE id = ?');
    this.#startRun = database.prepare(`UPDATE runs SET state = 'running', starts = starts + 1, worker_id = ?,
      started_at = coalesce(started_at, ?) WHERE id = ?`);
    this.#nameSession = database.prepare('UPDATE runs SET agent_session_id = ? WHERE id = ?');
    this.#nameJobSession = database.prepare('UPDATE jobs SET agent_session_id = ?, host = ? WHERE id = ?');
  }

  /** Grants runs of the lane's next `limit` jobs that `take` takes, in their order. `onCut`: there are more, for another commit. */
  grant(
    lane: string,
    limit: number,
    now: number,
    take: (jobId: JobId, lane: string) => Taking = () => ({ host: null }),
    onCut: () => void = () => undefined,
  ): Grant[] {
    const { epoch } = this.#options;
    const { taken, isCut } = this.#ready.take(lane, limit, take);
    if (isCut) onCut();
    return taken.map(({ row, host }) => {
      const jobId = String(row['id']) as JobId;
      const seq = Number(row['seq']);
      const fence = Number(row['fence']) + 1;
      const runId = this.#options.newRunId(now);
      this.#claim.run(fence, epoch, now, seq);
      const executor = String(row['executor']);
      this.#insertRun.run(runSeq(seq, fence), runId, jobId, lane, epoch, fence, now, executor, host);
      this.#events.append(now, 'job.running', jobId, runId, null);
      return { jobId, lane, runId, token: this.#token(fence), host };
    });
  }

  /** Who is next in the lane. */
  next(lane: string, limit: number): JobId[] {
    return this.#ready.next(lane, limit).map((row) => String(row['id']) as JobId);
  }

  /** Jobs of the lane that hold a slot. */
  runningIn(lane: string): number {
    return Number(this.#running.get(lane)?.['jobs'] ?? 0);
  }

  /** Jobs that hold a slot, by the host of their run (null: the daemon's own). */
  runningByHost(): Map<string | null, number> {
    const rows = this.#byHost.all();
    return new Map(rows.map(({ host, runs }) => [typeof host === 'string' ? host : null, Number(runs)]));
  }

  /** Every lane with jobs that hold a slot. */
  lanesRunning(): string[] {
    return this.#lanesRunning.all().map((row) => String(row['lane']));
  }

  /** Times of the lane's grants after `since`, ascending: what a rate limit has to remember across a restart. */
  grantsSince(lane: string, since: number): number[] {
    return this.#recentGrants.all(runIdsFrom(since + 1), lane).map((row) => Number(row['granted_at']));
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
    return { jobId: run.jobId, lane: run.lane, runId, token: this.#token(run.fence), host: run.host };
  }

  /** Written before every spawn of a runner, so that starts that come to nothing are counted. */
  recordStart(grant: Grant, workerId: string, now: number): void {
    this.#current(grant);
    this.#startRun.run(workerId, now, grant.runId);
    this.#options.sessions.touch(grant.jobId, now);
    this.#events.append(now, 'run.started', grant.jobId, grant.runId, null);
  }

  /** The agent named its session: a later run of the job goes on in it. */
  recordSession(grant: Grant, agentSessionId: string, now: number): void {
    this.#current(grant);
    this.#nameSession.run(agentSessionId, grant.runId);
    this.#nameJobSession.run(agentSessionId, grant.host, grant.jobId);
    this.#options.sessions.nameAgentSession(grant.jobId, agentSessionId, grant.host);
    this.#events.append(now, 'run.session', grant.jobId, grant.runId, { agentSessionId });
  }

  /** The job waits while its run lives on, and its slot is free. Nothing happens when it waits already. */
  suspend(grant: Grant, waitingFor: WaitingFor, now: number): void {
    const job = this.#current(grant);
    if (job.state !== 'running') return;
    this.#moves.move(job, { state: 'waiting', live: 1, waitingFor }, now, grant.runId, { for: waitingFor });
  }

  /** Ends the run and moves its job as the verdict table says, in one commit. HOMER_FENCED for a stale token. */
  settle(grant: Grant, report: RunReport, now: number): JobState {
    const job = this.#current(grant);
    const settlement = decideSettlement(job, report, now, this.#options.random());
    this.#end(job, grant.runId, report, now);
    if (job.sessionId !== null) this.#noteTurn(job, grant.host, settlement.state, report, now);
    else if (report.agentSessionId !== null)
      this.#nameJobSession.run(report.agentSessionId, grant.host, job.id);
    this.#noteLimit(job, settlement, report, now);
    return this.#moves.move(job, settlementMove(job, settlement, report, now), now, grant.runId, {
      verdict: report.verdict,
      ...(settlement.fallsBackTo === null ? {} : { goesOnWith: settlement.fallsBackTo }),
    }).state;
  }

  /** The run never came to anything and nothing is burnt: the job is queued again. */
  handBack(grant: Grant, delayMs: number, now: number): JobState {
    const job = this.#current(grant);
    this.#end(job, grant.runId, unusedRun, now);
    const move: Move = job.cancelRequested
      ? { state: 'cancelled', endedAt: now, error: problem('HOMER_CANCELLED', job.id) }
      : { state: 'queued', dueAt: delayMs > 0 ? now + delayMs : null };
    return this.#moves.move(job, move, now, grant.runId, { handedBack: true }).state;
  }

  /** The run ends and its job waits for a person, whatever its budgets say. */
  await(grant: Grant, code: 'HOMER_TREE_UNPROVEN' | 'HOMER_HELD', message: string, now: number): JobState {
    const job = this.#current(grant);
    this.#end(job, grant.runId, { ...unusedRun, message }, now);
    const move: Move = { state: 'waiting', error: problem(code, job.id, message) };
    return this.#moves.move(job, move, now, grant.runId).state;
  }

  /** What the end of a run says of its executor, for the other jobs of it. */
  #noteLimit({ executor }: ClaimedJob, { limitedUntil }: Settlement, report: RunReport, now: number): void {
    const { usageLimits } = this.#options;
    if (report.verdict === 'done') usageLimits.clear(executor, now);
    if (limitedUntil === null || report.failsOnLimit === true) return;
    const reason = report.message ?? `${executor} is at its usage limit.`;
    usageLimits.note({ executor, until: limitedUntil, reason }, now);
  }

  /** What the end of a turn means to its session, before the job moves. */
  #noteTurn(
    { id }: ClaimedJob,
    host: string | null,
    becomes: JobState,
    report: RunReport,
    now: number,
  ): void {
    const { sessions } = this.#options;
    sessions.touch(id, now);
    if (report.agentSessionId !== null) sessions.nameAgentSession(id, report.agentSessionId, host);
    if (report.verdict === 'session_lost' && becomes === 'queued') sessions.forgetAgentSession(id);
  }

  #end(job: ClaimedJob, runId: RunId, report: RunReport, now: number): void {
    // A run file may hold anything, and a settlement must not fail over a number.
    const usage = believable(report.usage);
    const run = this.#endRun.get(
      now,
      report.verdict,
      report.message ?? null,
      report.agentSessionId,
      report.exitCode,
      usage.inputTokens,
      usage.outputTokens,
      usage.costUsd,
      usage.turns ?? null,
      runSeq(job.seq, job.fence),
    );
    const { spending } = this.#options;
    spending.forgetLive(runId);
    // Where no agent was started nothing was spent, which is not the same as unknown.
    if (Number(run?.['starts']) > 0 && report.verdict !== 'spawn_failed') spending.add(job, usage, now);
    this.#options.onRunEnded(runId, now);
  }

  /** The job of a claim that is still the current one; HOMER_FENCED otherwise. */
  #current(grant: Grant): ClaimedJob {
    const row = this.#job.get(grant.jobId);
    const isCurrent =
      (row?.['state'] === 'running' || row?.['live'] === 1) &&
      row['epoch'] === this.#options.epoch &&
      grant.token === this.#token(Number(row['fence']));
    if (isCurrent) return claimedFromRow(row);
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
