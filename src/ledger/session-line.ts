// The turns of a session stand in line: the first may run, the others are queued behind it, in the order in which they
// came. The line is a column of the jobs themselves, so it survives whatever they survive.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Every method runs inside a transaction of the writer. */
export class SessionLine {
  readonly #taken: StatementSync;
  readonly #advance: StatementSync;

  constructor(database: DatabaseSync) {
    const atTheFront = `SELECT 1 FROM jobs WHERE session_id = ?1 AND behind = 0
      AND state IN ('queued', 'running', 'waiting', 'parked')`;
    this.#taken = database.prepare(`${atTheFront} LIMIT 1`);
    this.#advance = database.prepare(`UPDATE jobs SET behind = 0 WHERE NOT EXISTS (${atTheFront}) AND seq = (
      SELECT seq FROM jobs WHERE session_id = ?1 AND behind = 1 AND state IN ('queued', 'running', 'waiting', 'parked')
      ORDER BY queued_at, seq LIMIT 1)`);
  }

  /** Whether a turn of the session is under way, or could be claimed. */
  isTaken(sessionId: string): boolean {
    return this.#taken.get(sessionId) !== undefined;
  }

  /** Lets the next turn come to the front if nobody is there. */
  advance(sessionId: string): void {
    this.#advance.run(sessionId);
  }
}
