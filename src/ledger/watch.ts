// What whoever looks after Homer wants to know of the ledger: how long work waits, how runs ended of late, what happened since
// they last looked. Reads only, and nothing is prepared before somebody looks.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { isUsersWork } from './canaries.ts';

type Row = Readonly<Record<string, SQLOutputValue>>;

/** How the newest run of an executor ended. */
export interface LastVerdict {
  readonly verdict: string;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  readonly message: string | null;
}

/** An event with as much of its job and run as is counted. */
export interface CountedEvent {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly lane: string | null;
  /** `http:owner` and the like. */
  readonly source: string | null;
  readonly createdAt: number | null;
  readonly queuedAt: number | null;
  /** Of the run; null where the event is about none. */
  readonly run: {
    readonly executor: string;
    readonly grantedAt: number;
    readonly startedAt: number | null;
    readonly endedAt: number | null;
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly costUsd: number | null;
  } | null;
}

/** Runs that are looked at for how executors fare. */
const newestRuns = 200;

export class Watch {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Lane → when its oldest job that could run now was queued, ms since the epoch. */
  oldestReady(): ReadonlyMap<string, number> {
    const rows = this.#all(`SELECT lane, min(queued_at) AS at FROM jobs
      WHERE state = 'queued' AND due_at IS NULL AND behind = 0 AND ${isUsersWork} GROUP BY lane`);
    return new Map(rows.map((row) => [String(row['lane']), Number(row['at'])]));
  }

  /** By executor, among the newest runs. */
  lastVerdicts(): ReadonlyMap<string, LastVerdict> {
    const rows = this.#all(`SELECT executor, verdict, ended_at, message FROM
      (SELECT * FROM runs ORDER BY seq DESC LIMIT ${newestRuns})
      WHERE state = 'ended' AND executor IS NOT NULL AND verdict IS NOT NULL ORDER BY ended_at`);
    return new Map(
      rows.map((row) => [
        String(row['executor']),
        {
          verdict: String(row['verdict']),
          endedAt: Number(row['ended_at']),
          message: text(row['message']),
        },
      ]),
    );
  }

  /** Jobs that ended after the event `seq`; each as often as it did. */
  endedAfter(seq: number): { readonly succeeded: number; readonly failed: number } {
    const row = this.#all(
      `SELECT count(*) FILTER (WHERE type = 'job.succeeded') AS succeeded,
       count(*) FILTER (WHERE type = 'job.failed') AS failed FROM events WHERE seq > ?`,
      seq,
    )[0];
    return { succeeded: Number(row?.['succeeded']), failed: Number(row?.['failed']) };
  }

  /** Schedules with occurrences that were missed after a time, and how many. */
  missedSince(at: number): ReadonlyMap<string, number> {
    const rows = this.#all(
      `SELECT schedules.name, count(*) AS total FROM occurrences JOIN schedules ON schedules.id = schedule_id
       WHERE state = 'missed' AND occurrences.decided_at > ? GROUP BY schedule_id`,
      at,
    );
    return new Map(rows.map((row) => [String(row['name']), Number(row['total'])]));
  }

  /** Messages that are to be sent, and since when the oldest waits. */
  outbox(): { readonly pending: number; readonly oldestAt: number | null } {
    const [row] = this.#all(`SELECT count(*) AS pending, min(created_at) AS at FROM deliveries
      WHERE state IN ('pending', 'sending')`);
    const at = row?.['at'];
    return { pending: Number(row?.['pending']), oldestAt: typeof at === 'number' ? at : null };
  }

  /** Events after `seq`, oldest first. */
  events(seq: number, limit: number): CountedEvent[] {
    const rows = this.#all(
      `SELECT e.seq, e.at, e.type, e.data, j.lane, j.source, j.created_at, j.queued_at,
       coalesce(r.executor, j.executor) AS executor, r.id AS run_id, r.granted_at, r.started_at, r.ended_at,
       r.input_tokens, r.output_tokens, r.cost_usd
       FROM events AS e LEFT JOIN jobs AS j ON j.id = e.job_id LEFT JOIN runs AS r ON r.id = e.run_id
       WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
      seq,
      limit,
    );
    return rows.map(eventFromRow);
  }

  #all(sql: string, ...values: number[]): Row[] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement.all(...values);
  }
}

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const number = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

function eventFromRow(row: Row): CountedEvent {
  const data = text(row['data']);
  return {
    seq: Number(row['seq']),
    at: Number(row['at']),
    type: String(row['type']),
    data: data === null ? null : (JSON.parse(data) as Record<string, unknown>),
    lane: text(row['lane']),
    source: text(row['source']),
    createdAt: number(row['created_at']),
    queuedAt: number(row['queued_at']),
    run:
      row['run_id'] === null
        ? null
        : {
            executor: text(row['executor']) ?? 'unknown',
            grantedAt: Number(row['granted_at']),
            startedAt: number(row['started_at']),
            endedAt: number(row['ended_at']),
            inputTokens: number(row['input_tokens']),
            outputTokens: number(row['output_tokens']),
            costUsd: number(row['cost_usd']),
          },
  };
}
