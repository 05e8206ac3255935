// What decides on which host a job may run, and what is written when there is none, or when its conversation is moved.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { problem } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import type { EventLog } from './event-log.ts';
import { movableFromRow, type JobMoves } from './job-record.ts';

/** As much of a job as its place depends on. */
export interface JobPlacing {
  readonly executor: string;
  /** It belongs with what is on the daemon's host: it has a worktree there, or another job there asked for it. */
  readonly isHomebound: boolean;
  /** The host on which its agent has the session to go on in (null: the daemon's); undefined: there is none yet. */
  readonly boundTo: string | null | undefined;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Placing {
  readonly #moves: JobMoves;
  readonly #events: EventLog;
  readonly #job: StatementSync;
  readonly #movable: StatementSync;
  readonly #forgetJob: StatementSync;
  readonly #forgetSession: StatementSync;
  readonly #release: StatementSync;

  constructor(database: DatabaseSync, moves: JobMoves, events: EventLog) {
    this.#moves = moves;
    this.#events = events;
    this.#job = database.prepare(`SELECT jobs.executor, jobs.worktree, jobs.parent_id, jobs.session_id,
      jobs.agent_session_id, jobs.host, sessions.agent_session_id AS session_agent, sessions.agent_executor,
      sessions.host AS session_host FROM jobs LEFT JOIN sessions ON sessions.id = jobs.session_id WHERE jobs.id = ?`);
    this.#movable = database.prepare('SELECT seq, id, state, session_id FROM jobs WHERE id = ?');
    this.#forgetJob = database.prepare(
      'UPDATE jobs SET agent_session_id = NULL, host = NULL, moved_from = ? WHERE id = ?',
    );
    this.#forgetSession =
      database.prepare(`UPDATE sessions SET agent_session_id = NULL, agent_executor = NULL,
      host = NULL WHERE id = (SELECT session_id FROM jobs WHERE id = ?)`);
    this.#release = database.prepare(
      "UPDATE jobs SET due_at = ? WHERE state = 'parked' AND error_code = 'HOMER_WORKER_AWAY' AND due_at > ?",
    );
  }

  of(jobId: JobId): JobPlacing {
    const row = this.#job.get(jobId) ?? {};
    const executor = String(row['executor']);
    const inSession = typeof row['session_id'] === 'string';
    const agentSession = inSession
      ? row['agent_executor'] === executor
        ? row['session_agent']
        : null
      : row['agent_session_id'];
    const host = inSession ? row['session_host'] : row['host'];
    return {
      executor,
      isHomebound: row['worktree'] === 1 || typeof row['parent_id'] === 'string',
      boundTo: typeof agentSession === 'string' ? (typeof host === 'string' ? host : null) : undefined,
    };
  }

  /** There is no host for it now: it waits, visibly, and is looked at again at `until`, or when a worker comes. */
  park(jobId: JobId, until: number, why: string, now: number): void {
    const row = this.#movable.get(jobId);
    if (row === undefined) return;
    const error = problem('HOMER_WORKER_AWAY', jobId, why);
    this.#moves.move(movableFromRow(row), { state: 'parked', dueAt: until, error }, now);
  }

  /** What waits for a host is looked at now: there are others than before. */
  releaseParked(now: number): number {
    return Number(this.#release.run(now, now).changes);
  }

  /** The agent session on a host that is gone is given up; the next run begins one with Homer's record of the conversation. */
  moveAway(jobId: JobId, from: string, why: string, now: number): void {
    this.#forgetJob.run(from, jobId);
    this.#forgetSession.run(jobId);
    this.#events.append(now, 'session.moved', jobId, null, { from, why });
  }
}
