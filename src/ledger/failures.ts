// Failed jobs that are news to somebody.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobId } from '../core/ids.ts';
import { isUsersWork } from './canaries.ts';

/** Not those of a job's children, which are its own affair, nor what failed since a person said no to its agent. */
const isNews = `state = 'failed' AND ${isUsersWork} AND parent_id IS NULL AND ended_at > ? AND NOT (error_code = 'HOMER_DENIED' AND EXISTS
  (SELECT 1 FROM approvals WHERE approvals.job_id = jobs.id AND decision = 'deny' AND answered_by IS NOT NULL))
  AND NOT EXISTS (SELECT 1 FROM seen_failures WHERE seen_failures.job_id = jobs.id AND seen_at >= ended_at)`;

export class Failures {
  readonly #count: StatementSync;
  readonly #newest: StatementSync;
  readonly #see: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync) {
    this.#count = database.prepare(`SELECT count(*) AS jobs FROM jobs WHERE ${isNews}`);
    this.#newest = database.prepare(`SELECT id FROM jobs WHERE ${isNews} ORDER BY seq DESC LIMIT ?`);
    this.#see = database.prepare(`INSERT INTO seen_failures (job_id, seen_at)
      SELECT id, max(?1, ended_at) FROM jobs WHERE ${isNews.replace('?', '?2')} AND (?3 IS NULL OR id = ?3)
      ON CONFLICT (job_id) DO UPDATE SET seen_at = excluded.seen_at RETURNING job_id`);
    this.#forget = database.prepare('DELETE FROM seen_failures WHERE seen_at <= ?');
  }

  /** Since a time in milliseconds since the epoch. */
  count(since: number): number {
    return Number(this.#count.get(since)?.['jobs'] ?? 0);
  }

  newest(since: number, limit: number): readonly JobId[] {
    return this.#newest.all(since, limit).map((row) => String(row['id']) as JobId);
  }

  /** Those since a time, or one of them, are news no more until they fail again; inside a transaction. Returns which they were. */
  see(since: number, id: JobId | null, now: number): readonly JobId[] {
    this.#forget.run(since);
    return this.#see.all(now, since, id).map((row) => String(row['job_id']) as JobId);
  }
}
