// Slots of lanes that jobs gave away while they wait with a living run, and want back: before the agent is told what it
// waited for, so that a lane never works at more than its concurrency.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobId, RunId } from '../core/ids.ts';
import type { WaitingFor } from '../core/job.ts';
import { movableFromRow, type JobMoves } from './job-record.ts';
import { runsPerJob } from './run-record.ts';

/** A job that has its slot again; its run is told by the worker. */
export interface RegainedSlot {
  readonly jobId: JobId;
  readonly runId: RunId;
  readonly lane: string;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Slots {
  readonly #moves: JobMoves;
  readonly #want: StatementSync;
  readonly #waits: StatementSync;
  readonly #unwant: StatementSync;
  readonly #wantForsaken: StatementSync;
  readonly #waitsForChildren: StatementSync;
  readonly #lanes: StatementSync;
  readonly #next: StatementSync;
  readonly #without: StatementSync;

  constructor(database: DatabaseSync, moves: JobMoves) {
    this.#moves = moves;
    this.#want = database.prepare(
      'UPDATE jobs SET slot_wanted_at = coalesce(slot_wanted_at, ?) WHERE id = ? AND live = 1',
    );
    this.#waits = database.prepare(
      'SELECT seq, id, state, session_id, waiting_for FROM jobs WHERE id = ? AND live = 1',
    );
    const forChildren = "live = 1 AND waiting_for = 'children'";
    this.#unwant = database.prepare(`UPDATE jobs SET slot_wanted_at = NULL WHERE id = ? AND ${forChildren}`);
    this.#wantForsaken = database.prepare(
      `UPDATE jobs SET slot_wanted_at = coalesce(slot_wanted_at, ?) WHERE ${forChildren}`,
    );
    this.#waitsForChildren = database.prepare(`SELECT 1 FROM jobs WHERE id = ? AND ${forChildren}`);
    this.#lanes = database.prepare(
      'SELECT DISTINCT lane FROM jobs WHERE live = 1 AND slot_wanted_at IS NOT NULL',
    );
    this.#without = database.prepare(
      'SELECT count(*) AS jobs FROM jobs WHERE live = 1 AND lane = ? AND waiting_for = ?',
    );
    this.#next = database.prepare(`SELECT jobs.seq, jobs.id, jobs.state, jobs.session_id, runs.id AS run_id
      FROM jobs JOIN runs ON runs.seq = jobs.seq * ${runsPerJob} + jobs.fence
      WHERE jobs.live = 1 AND jobs.lane = ? AND slot_wanted_at IS NOT NULL ORDER BY slot_wanted_at, jobs.seq LIMIT ?`);
  }

  /** What the job waited for is there. Nothing happens unless it waits with a living run. */
  want(jobId: JobId, now: number): void {
    this.#want.run(now, jobId);
  }

  /**
   * The run has gone on by itself and nothing waits any more: the job runs, also in a lane that is full meanwhile. Nothing
   * happens unless it waits for this.
   */
  takeBack(jobId: JobId, runId: RunId, waitedFor: WaitingFor, now: number): void {
    const row = this.#waits.get(jobId);
    if (row?.['waiting_for'] === waitedFor)
      this.#moves.move(movableFromRow(row), { state: 'running' }, now, runId);
  }

  /** Jobs of the lane that wait for this with a living run, and so have no slot. */
  withoutSlot(lane: string, waitedFor: WaitingFor): number {
    return Number(this.#without.get(lane, waitedFor)?.['jobs'] ?? 0);
  }

  /** The run of a job that waits for children asks for them again. */
  unwant(jobId: JobId): void {
    this.#unwant.run(jobId);
  }

  /**
   * Who asked an earlier daemon to wait for children lost the connection with it, and may go on by now: such jobs have
   * their slots back as soon as there are free ones.
   */
  wantForsaken(now: number): void {
    this.#wantForsaken.run(now);
  }

  /** Whether the job lacks its slot since its run waits, or waited, for children. */
  waitsForChildren(jobId: JobId): boolean {
    return this.#waitsForChildren.get(jobId) !== undefined;
  }

  /** Lanes with jobs that want their slot back. */
  lanesWanted(): string[] {
    return this.#lanes.all().map((row) => String(row['lane']));
  }

  /** Gives up to `limit` jobs of the lane their slot back, the longest wait first. */
  regain(lane: string, limit: number, now: number): RegainedSlot[] {
    return this.#next.all(lane, limit).map((row) => {
      const job = movableFromRow(row);
      const runId = String(row['run_id']) as RunId;
      this.#moves.move(job, { state: 'running' }, now, runId);
      return { jobId: job.id, runId, lane };
    });
  }
}
