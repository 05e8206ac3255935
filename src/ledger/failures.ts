// Failed jobs that are news to somebody.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobId } from '../core/ids.ts';

/** Not those of a job's children, which are its own affair, nor what failed since a person said no to its agent. */
const isNews = `state = 'failed' AND parent_id IS NULL AND ended_at > ? AND NOT (error_code = 'HOMER_DENIED' AND EXISTS
  (SELECT 1 FROM approvals WHERE approvals.job_id = jobs.id AND decision = 'deny' AND answered_by IS NOT NULL))`;

export class Failures {
  readonly #count: StatementSync;
  readonly #newest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#count = database.prepare(`SELECT count(*) AS jobs FROM jobs WHERE ${isNews}`);
    this.#newest = database.prepare(`SELECT id FROM jobs WHERE ${isNews} ORDER BY seq DESC LIMIT ?`);
  }

  /** Since a time in milliseconds since the epoch. */
  count(since: number): number {
    return Number(this.#count.get(since)?.['jobs'] ?? 0);
  }

  newest(since: number, limit: number): readonly JobId[] {
    return this.#newest.all(since, limit).map((row) => String(row['id']) as JobId);
  }
}
