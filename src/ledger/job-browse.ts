// Jobs of one lane by what a board shows them under: how many there are, a page of them, how many ended in each minute.
// What is done is looked for among the newest jobs only, so that a look costs the same however old the ledger is.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isUsersWork } from './canaries.ts';
import { jobFromRow, type JobRecord } from './job-record.ts';

export const jobGroups = ['active', 'ready', 'later', 'waiting', 'failed', 'done'] as const;
/** `ready`: queued and due; `later`: has a time to wait for; `done`: succeeded or cancelled, so that nobody has to look at it. */
export type JobGroup = (typeof jobGroups)[number];

export type GroupCounts = Readonly<Record<JobGroup, number>>;

/** How many of the newest jobs are looked at for those that are done. */
export const newestJobs = 10_000;
/** Of a prompt and of a result, in a page; characters. */
const excerpt = 2_000;

/** Each served by an index of its own, but for `done`. */
const groups: Readonly<Record<JobGroup, { readonly where: string; readonly order: string }>> = {
  active: { where: "state = 'running'", order: 'seq DESC' },
  ready: { where: "state = 'queued' AND due_at IS NULL", order: 'behind, order_key, seq' },
  later: {
    where: "due_at IS NOT NULL AND state IN ('scheduled', 'queued', 'parked')",
    order: 'due_at, seq',
  },
  waiting: { where: "state = 'waiting'", order: 'seq DESC' },
  failed: { where: "state = 'failed'", order: 'seq DESC' },
  done: {
    where: `seq > (SELECT coalesce(max(seq), 0) - ${newestJobs} FROM jobs) AND state IN ('succeeded', 'cancelled')`,
    order: 'seq DESC',
  },
};

export class JobBrowse {
  readonly #database: DatabaseSync;
  /** Prepared when first used: most daemons are never looked at so. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Of every lane that has any. */
  counts(): ReadonlyMap<string, GroupCounts> {
    const lanes = new Map<string, Record<JobGroup, number>>();
    for (const group of jobGroups) {
      const select = `SELECT lane, count(*) AS jobs FROM jobs WHERE ${groups[group].where} AND ${isUsersWork} GROUP BY lane`;
      for (const row of this.#statement(select).all()) {
        const lane = String(row['lane']);
        const counts = lanes.get(lane) ?? {
          active: 0,
          ready: 0,
          later: 0,
          waiting: 0,
          failed: 0,
          done: 0,
        };
        counts[group] = Number(row['jobs']);
        lanes.set(lane, counts);
      }
    }
    return lanes;
  }

  /** What waits: who is next first; else the newest first. Prompts and results are cut. */
  page(lane: string, group: JobGroup, offset: number, limit: number): JobRecord[] {
    const select = `SELECT jobs.*, substr(prompt, 1, ${excerpt}) AS prompt, substr(result_text, 1, ${excerpt})
      AS result_text FROM jobs JOIN prompts USING (seq) WHERE lane = ? AND ${groups[group].where}
      ORDER BY ${groups[group].order} LIMIT ? OFFSET ?`;
    return this.#statement(select).all(lane, limit, offset).map(jobFromRow);
  }

  /** Minute since the epoch → how many ended in it, since a time in milliseconds. */
  endedPerMinute(lane: string, group: 'done' | 'failed', since: number): ReadonlyMap<number, number> {
    const select = `SELECT ended_at / 60000 AS minute, count(*) AS jobs FROM jobs WHERE lane = ? AND ended_at >= ?
      AND ${groups[group].where} GROUP BY 1`;
    const rows = this.#statement(select).all(lane, since);
    return new Map(rows.map((row) => [Number(row['minute']), Number(row['jobs'])]));
  }

  #statement(select: string): StatementSync {
    let statement = this.#statements.get(select);
    if (statement === undefined) {
      statement = this.#database.prepare(select);
      this.#statements.set(select, statement);
    }
    return statement;
  }
}
