// Usage limits that agents told of. Until one is lifted no run of its executor is started: its jobs are parked where they
// would be claimed, and burn nothing.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { problem } from '../core/errors.ts';
import type { EventLog } from './event-log.ts';
import { movableFromRow, type JobMoves, type Row } from './job-record.ts';

export interface UsageLimit {
  readonly executor: string;
  /** Ms since the epoch. */
  readonly until: number;
  readonly reason: string;
}

/** A clock that goes back by more than this makes what was seen worthless. */
const clockSlackMs = 60_000;

/** Every method that writes runs inside a transaction of the writer. */
export class UsageLimits {
  readonly #moves: JobMoves;
  readonly #events: EventLog;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #all: StatementSync;
  readonly #ready: StatementSync;

  constructor(database: DatabaseSync, moves: JobMoves, events: EventLog) {
    this.#moves = moves;
    this.#events = events;
    this.#set =
      database.prepare(`INSERT INTO usage_limits (executor, until, reason, seen_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (executor) DO UPDATE SET until = excluded.until, reason = excluded.reason, seen_at = excluded.seen_at`);
    this.#delete = database.prepare('DELETE FROM usage_limits WHERE executor = ?');
    this.#all = database.prepare(
      'SELECT executor, until, reason FROM usage_limits WHERE until > ? AND seen_at <= ? ORDER BY executor',
    );
    this.#ready =
      database.prepare(`SELECT seq, id, state, session_id, executor, fallback FROM jobs WHERE lane = ?
      AND behind = 0 AND state = 'queued' AND due_at IS NULL ORDER BY order_key, seq LIMIT ?`);
  }

  note(limit: UsageLimit, now: number): void {
    this.#set.run(limit.executor, limit.until, limit.reason, now);
    this.#events.append(now, 'executor.limited', null, null, { ...limit });
  }

  /** The executor worked, or a person wants it tried. */
  clear(executor: string, now: number): void {
    if (this.#delete.run(executor).changes === 0) return;
    this.#events.append(now, 'executor.unlimited', null, null, { executor });
  }

  /** Those in force. */
  inForce(now: number): UsageLimit[] {
    return this.#all.all(now, now + clockSlackMs).map((row) => ({
      executor: String(row['executor']),
      until: Number(row['until']),
      reason: String(row['reason']),
    }));
  }

  /**
   * Of the lane's next `batch` jobs, parks those whose executor is limited, or hands them to the next executor they allow;
   * returns how many there were. 0: these may be claimed.
   */
  park(lane: string, batch: number, limits: readonly UsageLimit[], now: number): number {
    const ready = this.#ready.all(lane, batch);
    let moved = 0;
    for (const row of ready) {
      const limit = limits.find(({ executor }) => executor === row['executor']);
      if (limit === undefined) continue;
      this.#moveOn(row, limit, now);
      moved += 1;
    }
    return moved;
  }

  #moveOn(row: Row, limit: UsageLimit, now: number): void {
    const job = movableFromRow(row);
    const [next, ...rest] = JSON.parse(String(row['fallback'] ?? '[]')) as readonly string[];
    const move =
      next === undefined
        ? ({ state: 'parked', dueAt: limit.until } as const)
        : ({
            state: 'queued',
            executor: next,
            fallback: JSON.stringify(rest),
            agentSessionId: null,
          } as const);
    const message = next === undefined ? limit.reason : `${limit.reason} It goes on with ${next}.`;
    const data = { limited: limit.executor, ...(next === undefined ? {} : { goesOnWith: next }) };
    this.#moves.move(job, { ...move, error: problem('HOMER_USAGE_LIMIT', job.id, message) }, now, null, data);
  }
}
