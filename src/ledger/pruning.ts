// Removes what has ended long ago, a few rows at a time. A job goes in two steps: what was asked and answered when its time is over, the
// row itself, which answers its key, when that of keys is over too. Every method runs inside a transaction of the writer.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Cutoffs } from '../core/retention.ts';
import { runsPerJob } from './run-record.ts';

/** What a step looks at next, in its own numbers; null: it is through. */
export type Place = number | string | null;

export interface Progress {
  readonly next: Place;
  readonly removed: number;
}

export interface PruneStep {
  readonly name: string;
  readonly from: number | string;
  /** Looks at no more than `limit` rows after `place`; with `isTrial` it removes nothing and counts what it would. */
  run(place: number | string, limit: number, isTrial: boolean): Progress;
}

type Row = Readonly<Record<string, unknown>>;

const ended = "('succeeded', 'failed', 'cancelled')";
const isOpen = "('pending', 'sending')";
const mostBoots = 100;

export class Pruning {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The steps, in an order in which nothing is left that refers to what is gone. */
  steps({ jobs, keys, events, deliveries }: Cutoffs): readonly PruneStep[] {
    return [
      ...(deliveries === null ? [] : [this.#deliveries(deliveries)]),
      ...(jobs === null || keys === null
        ? []
        : [
            this.#contents(jobs),
            this.#hookKeys(jobs, keys),
            this.#rows(keys),
            this.#sessions(jobs),
            this.#schedules(keys),
            this.#boots(jobs),
          ]),
      ...(events === null ? [] : [this.#events(events)]),
    ];
  }

  /** Prompt, result, runs and all else that belongs to a job, once nothing under it goes on. */
  #contents(cutoff: number): PruneStep {
    const look = this.#sql(`SELECT prompts.seq AS place, jobs.seq, jobs.id, created_at,
      state IN ${ended} AND ended_at < ? AS is_old FROM prompts JOIN jobs USING (seq) WHERE prompts.seq > ? ORDER BY prompts.seq LIMIT ?`);
    const isBusy = this
      .#sql(`WITH RECURSIVE down (id, state) AS (SELECT id, state FROM jobs WHERE parent_id = ?1
      UNION ALL SELECT jobs.id, jobs.state FROM down JOIN jobs ON jobs.parent_id = down.id)
      SELECT 1 FROM down WHERE state NOT IN ${ended} UNION ALL
      SELECT 1 FROM deliveries WHERE job_id = ?1 AND state IN ${isOpen}`);
    const runs = `BETWEEN ?1 * ${runsPerJob} AND ?1 * ${runsPerJob} + ${runsPerJob - 1}`;
    const bySeq = [
      `DELETE FROM approvals WHERE run_id IN (SELECT id FROM runs WHERE seq ${runs})`,
      `DELETE FROM runs WHERE seq ${runs}`,
      'DELETE FROM prompts WHERE seq = ?1',
      'UPDATE jobs SET result_text = NULL, result_data = NULL WHERE seq = ?1',
    ].map((sql) => this.#sql(sql));
    const byId = [
      `DELETE FROM deliveries WHERE job_id = ?1 AND state NOT IN ${isOpen}`,
      'DELETE FROM questions WHERE job_id = ?1',
      'DELETE FROM session_grants WHERE owner = ?1',
      'DELETE FROM job_snapshots WHERE job_id = ?1',
    ].map((sql) => this.#sql(sql));
    return this.#walk(
      'jobs',
      look,
      [cutoff],
      (row) => Number(row['created_at']) < cutoff,
      (row) => {
        if (row['is_old'] !== 1 || isBusy.get(String(row['id'])) !== undefined) return null;
        return () => {
          for (const statement of bySeq) statement.run(Number(row['seq']));
          for (const statement of byId) statement.run(String(row['id']));
        };
      },
    );
  }

  /** The row of a job whose contents are gone, with its key. The newest stays: numbers are never given twice. */
  #rows(cutoff: number): PruneStep {
    const look = this.#sql(`SELECT seq AS place, id, source, key, created_at, state IN ${ended} AND NOT EXISTS
      (SELECT 1 FROM prompts WHERE prompts.seq = jobs.seq) AND seq < (SELECT max(seq) FROM jobs) AS is_bare
      FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?`);
    // A child that is looked at asks for its parent.
    const hasChild = this.#sql('SELECT 1 FROM jobs JOIN prompts USING (seq) WHERE parent_id = ? LIMIT 1');
    const forgetKey = this.#sql('DELETE FROM inbox WHERE source = ? AND key = ? AND job_id = ?');
    const remove = this.#sql('DELETE FROM jobs WHERE seq = ?');
    return this.#walk(
      'keys',
      look,
      [],
      (row) => Number(row['created_at']) < cutoff,
      (row) => {
        const id = String(row['id']);
        if (row['is_bare'] !== 1 || Number(row['created_at']) >= cutoff || hasChild.get(id) !== undefined)
          return null;
        return () => {
          forgetKey.run(String(row['source']), text(row['key']), id);
          remove.run(Number(row['place']));
        };
      },
    );
  }

  /** A delivery of a webhook has several keys, and its job knows only one. */
  #hookKeys(jobsCutoff: number, keysCutoff: number): PruneStep {
    const look = this.#sql(`SELECT looked.source, looked.key, received_at < ?1 AND (jobs.id IS NULL OR
      (jobs.state IN ${ended} AND jobs.ended_at < ?2)) AS is_old
      FROM (SELECT * FROM inbox WHERE (source, key) > (?3, ?4) AND source < 'hook;' ORDER BY source, key LIMIT ?5) AS looked
      LEFT JOIN jobs ON jobs.id = looked.job_id ORDER BY looked.source, looked.key`);
    const forget = this.#sql('DELETE FROM inbox WHERE source = ? AND key = ?');
    return {
      name: 'keys of webhooks',
      from: 'hook:\0',
      run: (place, limit, isTrial) => {
        const [source = '', key = ''] = String(place).split('\0');
        const rows = look.all(keysCutoff, jobsCutoff, source, key, limit);
        const old = rows.filter((row) => row['is_old'] === 1);
        if (!isTrial) for (const row of old) forget.run(String(row['source']), String(row['key']));
        const last = rows.at(-1);
        const next = last === undefined ? null : `${String(last['source'])}\0${String(last['key'])}`;
        return { next, removed: old.length };
      },
    };
  }

  #deliveries(cutoff: number): PruneStep {
    const look = this.#sql(`SELECT seq AS place, created_at, state NOT IN ${isOpen} AND ended_at < ? AND
      seq < (SELECT max(seq) FROM deliveries) AS is_old FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?`);
    const remove = this.#sql('DELETE FROM deliveries WHERE seq = ?');
    return this.#walk(
      'deliveries',
      look,
      [cutoff],
      (row) => Number(row['created_at']) < cutoff,
      (row) => (row['is_old'] === 1 ? () => remove.run(Number(row['place'])) : null),
    );
  }

  /** Sessions that ended and have no turn left that can be looked at. */
  #sessions(cutoff: number): PruneStep {
    const look = this
      .#sql(`SELECT seq AS place, id, created_at, ended_at < ? AND seq < (SELECT max(seq) FROM sessions)
      AND NOT EXISTS (SELECT 1 FROM jobs WHERE session_id = sessions.id)
      AND NOT EXISTS (SELECT 1 FROM sessions AS fork WHERE fork.forked_from = sessions.id) AS is_old
      FROM sessions WHERE seq > ? ORDER BY seq LIMIT min(?, 20)`);
    const forget = this.#sql('DELETE FROM session_grants WHERE owner = ?');
    const remove = this.#sql('DELETE FROM sessions WHERE seq = ?');
    return this.#walk(
      'sessions',
      look,
      [cutoff],
      (row) => Number(row['created_at']) < cutoff,
      (row) =>
        row['is_old'] === 1
          ? () => {
              forget.run(String(row['id']));
              remove.run(Number(row['place']));
            }
          : null,
    );
  }

  #schedules(cutoff: number): PruneStep {
    const look = this
      .#sql(`SELECT seq AS place, id, created_at, removed_at < ? AND seq < (SELECT max(seq) FROM schedules) AS is_old
      FROM schedules WHERE seq > ? ORDER BY seq LIMIT min(?, 10)`);
    const remove = [
      this.#sql('DELETE FROM occurrences WHERE schedule_id = ?'),
      this.#sql('DELETE FROM schedules WHERE id = ?'),
    ];
    return this.#walk(
      'schedules',
      look,
      [cutoff],
      (row) => Number(row['created_at']) < cutoff,
      (row) =>
        row['is_old'] === 1 ? () => remove.forEach((statement) => statement.run(String(row['id']))) : null,
    );
  }

  #boots(cutoff: number): PruneStep {
    const look = this.#sql(`SELECT epoch AS place, started_at AS created_at, started_at < ?
      AND epoch <= (SELECT max(epoch) FROM boots) - ${mostBoots} AS is_old FROM boots WHERE epoch > ? ORDER BY epoch LIMIT ?`);
    const remove = this.#sql('DELETE FROM boots WHERE epoch = ?');
    return this.#walk(
      'boots',
      look,
      [cutoff],
      (row) => row['is_old'] === 1,
      (row) => (row['is_old'] === 1 ? () => remove.run(Number(row['place'])) : null),
    );
  }

  /**
   * From the oldest on and without a gap, also over one that a wrong clock has dated later: a cursor is good as long as nothing after
   * it is gone. The newest stays.
   */
  #events(cutoff: number): PruneStep {
    const look = this.#sql(
      'SELECT seq, at FROM events WHERE seq > ? AND seq < (SELECT max(seq) FROM events) ORDER BY seq LIMIT ?',
    );
    const remove = this.#sql('DELETE FROM events WHERE seq > ? AND seq <= ?');
    return {
      name: 'events',
      from: 0,
      run: (place, limit, isTrial) => {
        const rows = look.all(place, limit);
        const count = rows.findLastIndex((row) => Number(row['at']) < cutoff) + 1;
        if (count === 0) return { next: null, removed: 0 };
        const last = Number(rows[count - 1]?.['seq']);
        if (!isTrial) remove.run(place, last);
        return { next: last, removed: count };
      },
    };
  }

  /**
   * `look` takes the given values, a place and a limit. Rows come in the order in which they were made, so a step is through with the first batch
   * that holds nothing `mayCome`; one odd row, from a time at which the clock was wrong, ends nothing.
   */
  #walk(
    name: string,
    look: StatementSync,
    values: readonly number[],
    mayCome: (row: Row) => boolean,
    decide: (row: Row) => (() => unknown) | null,
  ): PruneStep {
    return {
      name,
      from: -1,
      run: (place, limit, isTrial) => {
        const rows = look.all(...values, place, limit);
        let removed = 0;
        for (const row of rows) {
          const remove = decide(row);
          if (remove === null) continue;
          removed += 1;
          if (!isTrial) remove();
        }
        const isThrough = !rows.some(mayCome);
        return { next: isThrough ? null : Number(rows.at(-1)?.['place']), removed };
      },
    };
  }

  #sql(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
