// What persons allowed for the rest of a session. Homer itself remembers it and tells every run of the session.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionGrant } from '../core/approval.ts';
import type { JobRecord } from './job-record.ts';

/** Every method that writes runs inside a transaction of the writer. */
export class SessionGrants {
  readonly #insert: StatementSync;
  readonly #of: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT OR IGNORE INTO session_grants (owner, tool, command, granted_at, granted_by) VALUES (?, ?, ?, ?, ?)`,
    );
    this.#of = database.prepare(
      'SELECT tool, command FROM session_grants WHERE owner = ? ORDER BY granted_at',
    );
    this.#forget = database.prepare('DELETE FROM session_grants WHERE owner = ?');
  }

  add(
    job: Pick<JobRecord, 'id' | 'sessionId'>,
    { tool, command }: SessionGrant,
    by: string,
    now: number,
  ): void {
    this.#insert.run(ownerOf(job), tool, command ?? '', now, by);
  }

  of(job: Pick<JobRecord, 'id' | 'sessionId'>): SessionGrant[] {
    return this.#of.all(ownerOf(job)).map((row) => ({
      tool: String(row['tool']),
      command: row['command'] === '' ? null : String(row['command']),
    }));
  }

  /** Everything is asked again; `owner` is the id of a session, or of a job that has none. */
  forget(owner: string): void {
    this.#forget.run(owner);
  }
}

/** A job without a session is one of its own: all its runs together. */
function ownerOf({ id, sessionId }: Pick<JobRecord, 'id' | 'sessionId'>): string {
  return sessionId ?? id;
}
