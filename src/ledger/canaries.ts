// The canary's rows: the newest is kept, the ones before it go, and its moves are nobody's news.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { canaryName, type CanaryJob } from '../core/canary.ts';
import type { JobId, RunId } from '../core/ids.ts';
import type { EventLog } from './event-log.ts';
import { runsPerJob } from './run-record.ts';

/** For what lists and counts the work of people. */
export const isUsersWork = `lane <> '${canaryName}'`;

/** Every method that writes runs inside a transaction of the writer. */
export class Canaries {
  readonly #events: EventLog;
  readonly #last: StatementSync;
  readonly #old: StatementSync;
  readonly #runs: StatementSync;
  readonly #removals: readonly StatementSync[];
  #hasEnded = false;
  /** Told once the end of one is on disk. */
  onEnded: () => void = () => undefined;

  constructor(database: DatabaseSync, events: EventLog) {
    this.#events = events;
    const ours = `lane = '${canaryName}'`;
    const runs = `seq BETWEEN ?1 * ${runsPerJob} AND ?1 * ${runsPerJob} + ${runsPerJob - 1}`;
    this.#last =
      database.prepare(`SELECT jobs.id, created_at, ended_at, state, result_text = prompt AS is_answer,
      error_message FROM jobs JOIN prompts USING (seq) WHERE ${ours} ORDER BY seq DESC LIMIT 1`);
    this.#old = database.prepare(`SELECT seq, id FROM jobs WHERE ${ours} AND ended_at IS NOT NULL
      AND seq < (SELECT max(seq) FROM jobs WHERE ${ours})`);
    this.#runs = database.prepare(`SELECT id FROM runs WHERE ${runs}`);
    this.#removals = [
      `DELETE FROM runs WHERE ${runs}`,
      'DELETE FROM prompts WHERE seq = ?1',
      'DELETE FROM jobs WHERE seq = ?1',
    ].map((sql) => database.prepare(sql));
    for (const row of database.prepare(`SELECT id FROM jobs WHERE ${ours}`).all())
      events.mute(String(row['id']));
  }

  last(): CanaryJob | null {
    const row = this.#last.get();
    if (row === undefined) return null;
    const isAnswer = row['is_answer'] === 1;
    const unlike = 'it came back with another answer than it was sent with.';
    const message = row['error_message'];
    return {
      id: String(row['id']),
      sentAt: Number(row['created_at']),
      endedAt: typeof row['ended_at'] === 'number' ? row['ended_at'] : null,
      isThrough: row['state'] === 'succeeded' && isAnswer,
      reason: typeof message === 'string' ? message : unlike,
    };
  }

  /** Removes those before the newest that have ended; returns their runs, of which directories are left. */
  removeOld(): RunId[] {
    return this.#old.all().flatMap(({ seq, id }) => {
      const runs = this.#runs.all(Number(seq)).map((row) => String(row['id']) as RunId);
      for (const statement of this.#removals) statement.run(Number(seq));
      this.#events.unmute(String(id));
      return runs;
    });
  }

  /** A job has ended, perhaps one of ours. */
  jobEnded(id: JobId): void {
    if (this.#events.isMuted(id)) this.#hasEnded = true;
  }

  /** A participant of the writer. */
  afterCommit(): void {
    if (!this.#hasEnded) return;
    this.#hasEnded = false;
    this.onEnded();
  }

  afterRollback(): void {
    this.#hasEnded = false;
  }
}
