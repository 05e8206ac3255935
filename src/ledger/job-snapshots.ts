// Which snapshot of skills belongs to which job and session: what is named here must stay on disk.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobRecord } from './job-record.ts';

/** Every method that writes runs inside a transaction of the writer. */
export class JobSnapshots {
  readonly #of: StatementSync;
  readonly #put: StatementSync;
  readonly #take: StatementSync;
  readonly #named: StatementSync;
  readonly #forgetEnded: StatementSync;
  readonly #ended: StatementSync;
  readonly #openSessions: StatementSync;

  constructor(database: DatabaseSync) {
    this.#of = database.prepare('SELECT snapshot_id FROM job_snapshots WHERE job_id = ?');
    this.#put = database.prepare('INSERT OR REPLACE INTO job_snapshots (job_id, snapshot_id) VALUES (?, ?)');
    this.#take = database.prepare('UPDATE sessions SET snapshot_id = ? WHERE id = ?');
    const hasEnded = `NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_snapshots.job_id
      AND state NOT IN ('succeeded', 'failed', 'cancelled'))`;
    this.#ended = database.prepare(`SELECT 1 FROM job_snapshots WHERE ${hasEnded} LIMIT 1`);
    this.#forgetEnded = database.prepare(`DELETE FROM job_snapshots WHERE ${hasEnded}`);
    this.#named = database.prepare(`SELECT snapshot_id FROM job_snapshots
      UNION SELECT snapshot_id FROM sessions WHERE ended_at IS NULL AND snapshot_id IS NOT NULL`);
    this.#openSessions = database.prepare(
      'SELECT DISTINCT cwd FROM sessions WHERE ended_at IS NULL ORDER BY last_turn_at DESC LIMIT ?',
    );
  }

  /** The snapshot that earlier tries of the job had; null: none was taken, or the job has ended since. */
  of(jobId: string): string | null {
    const row = this.#of.get(jobId);
    return row === undefined ? null : String(row['snapshot_id']);
  }

  /** The job's runs are given this one from now on, and so its session has it. */
  give({ id, sessionId }: Pick<JobRecord, 'id' | 'sessionId'>, snapshotId: string): void {
    this.#put.run(id, snapshotId);
    if (sessionId !== null) this.#take.run(snapshotId, sessionId);
  }

  /** Something belongs to a job that has ended. */
  hasEnded(): boolean {
    return this.#ended.get() !== undefined;
  }

  /** Drops what belongs to jobs that have ended. */
  forgetEnded(): void {
    this.#forgetEnded.run();
  }

  /** Every snapshot that a job or an open session has. */
  named(): ReadonlySet<string> {
    return new Set(this.#named.all().map((row) => String(row['snapshot_id'])));
  }

  /** Directories of open sessions, as sessions have them; those used last come first. */
  directories(limit: number): readonly string[] {
    return this.#openSessions.all(limit).map((row) => String(row['cwd']));
  }
}
