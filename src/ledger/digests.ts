// What happened in a time of which somebody is to be told, read from the event log and the tables; and what was told already.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { decideRestart, type Restart } from '../core/digest.ts';
import type { JobId } from '../core/ids.ts';
import type { Boots } from './boots.ts';
import type { EventLog } from './event-log.ts';

export interface EndedJob {
  readonly id: JobId;
  readonly executor: string;
  readonly prompt: string;
  readonly endedAt: number;
  /** Why it failed; null for one that did not. */
  readonly message: string | null;
}

export interface Counted<Entry> {
  readonly total: number;
  /** Newest first; the first of them. */
  readonly newest: readonly Entry[];
}

export interface CutOff {
  readonly jobId: JobId;
  readonly prompt: string;
  readonly verdict: 'interrupted' | 'lost';
  /** Where the job stands now. */
  readonly state: string;
}

export interface MissedSchedule {
  readonly scheduleId: string;
  readonly name: string;
  readonly count: number;
  /** The newest due time that was missed. */
  readonly dueAt: number;
  readonly reason: string | null;
}

/** Times in ms since the epoch. */
export interface Away {
  readonly since: number;
  readonly until: number;
  /** Newest first. */
  readonly restarts: readonly Restart[];
  /** Jobs that ended; not those that agents asked for. */
  readonly succeeded: Counted<EndedJob>;
  readonly failed: Counted<EndedJob>;
  readonly cancelled: Counted<EndedJob>;
  /** Runs that were cut off. */
  readonly cutOff: readonly CutOff[];
  readonly missed: readonly MissedSchedule[];
  /** Schedules that were paused after failures. */
  readonly paused: readonly string[];
  /** As things stand now: jobs and questions that wait for a person, and messages that could not be delivered. */
  readonly waiting: number;
  readonly undelivered: number;
}

const personSeen = 'person_seen';
const toldFrom = 'digests_from';
const mostRestarts = 100;
const mostListed = 50;

/** Every method that writes runs inside a transaction of the writer. */
export class Digests {
  readonly #database: DatabaseSync;
  readonly #boots: Boots;
  readonly #events: EventLog;
  readonly #newest: StatementSync;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync, boots: Boots, events: EventLog) {
    this.#database = database;
    this.#boots = boots;
    this.#events = events;
    this.#newest = database.prepare('SELECT until FROM digests ORDER BY seq DESC LIMIT 1');
    this.#insert = database.prepare(
      'INSERT INTO digests (cause, since, until, delivery_id) VALUES (?, ?, ?, ?)',
    );
  }

  /** All up to here was told, or was before there was anybody to be told; null: nobody asked yet. */
  toldUntil(): number | null {
    const until = this.#newest.get()?.['until'];
    if (typeof until === 'number') return until;
    const begun = this.#boots.readMeta(toldFrom);
    return begun === null ? null : Number(begun);
  }

  /** From here on somebody is to be told. */
  begin(at: number): void {
    this.#boots.writeMeta(toldFrom, String(at));
  }

  /** Written with the message that tells it. */
  told(cause: 'downtime' | 'silence', since: number, until: number, deliveryId: string): void {
    this.#insert.run(cause, since, until, deliveryId);
  }

  /** The last sign of the person who is told; null: there was none yet. */
  personSeenAt(): number | null {
    const value = this.#boots.readMeta(personSeen);
    return value === null ? null : Number(value);
  }

  seePerson(now: number): void {
    this.#boots.writeMeta(personSeen, String(now));
  }

  /** What happened in (since, until]; at most `limit` of each sort are listed. */
  read(since: number, until: number, limit: number): Away {
    const after = this.#events.seqBefore(since);
    const ended = (state: string): Counted<EndedJob> => this.#ended(state, after, since, until, limit);
    return {
      since,
      until,
      restarts: this.restarts(since, until),
      succeeded: ended('succeeded'),
      failed: ended('failed'),
      cancelled: ended('cancelled'),
      cutOff: this.#cutOff(after, until),
      missed: this.#missed(since, until),
      paused: this.#paused(after, until),
      waiting: this.#count(
        `SELECT (SELECT count(*) FROM approvals WHERE state = 'pending')
         + (SELECT count(*) FROM questions WHERE state = 'pending')
         + (SELECT count(*) FROM jobs WHERE state = 'waiting' AND waiting_for IS NULL) AS total`,
      ),
      undelivered: this.#count("SELECT count(*) AS total FROM deliveries WHERE state IN ('unknown', 'dead')"),
    };
  }

  /** Newest first. */
  restarts(since: number, until: number): Restart[] {
    const boots = this.#boots.before(Number.MAX_SAFE_INTEGER, mostRestarts);
    return boots.flatMap((boot, index) => {
      const before = boots[index + 1];
      const isThen = boot.startedAt > since && boot.startedAt <= until;
      return before === undefined || !isThen ? [] : [decideRestart(before, boot)];
    });
  }

  /** By the log, which is in the order of time: nothing else knows when jobs ended without looking at all of them. */
  #ended(state: string, after: number, since: number, until: number, limit: number): Counted<EndedJob> {
    const where = `FROM jobs JOIN prompts USING (seq) WHERE jobs.id IN (SELECT job_id FROM events WHERE seq > ? AND type = ?)
      AND state = ? AND parent_id IS NULL AND ended_at > ? AND ended_at <= ?`;
    const values = [after, `job.${state}`, state, since, until];
    const total = this.#count(`SELECT count(*) AS total ${where}`, ...values);
    if (total === 0 || limit === 0) return { total, newest: [] };
    const columns = 'id, executor, substr(prompt, 1, 200) AS prompt, ended_at, error_message';
    const rows = this.#all(`SELECT ${columns} ${where} ORDER BY ended_at DESC LIMIT ?`, ...values, limit);
    const newest = rows.map((row) => ({
      id: String(row['id']) as JobId,
      executor: String(row['executor']),
      prompt: String(row['prompt']),
      endedAt: Number(row['ended_at']),
      message: row['error_message'] === null ? null : String(row['error_message']),
    }));
    return { total, newest };
  }

  #cutOff(after: number, until: number): CutOff[] {
    // The move that a cut-off run ended in bears its id.
    return this.#all(
      `SELECT DISTINCT jobs.id, jobs.state, runs.verdict, substr(prompts.prompt, 1, 200) AS prompt
       FROM events JOIN runs ON runs.id = events.run_id JOIN jobs ON jobs.id = runs.job_id JOIN prompts ON prompts.seq = jobs.seq
       WHERE events.seq > ? AND events.at <= ? AND events.run_id IS NOT NULL AND runs.verdict IN ('interrupted', 'lost')
       ORDER BY jobs.seq DESC LIMIT ${mostListed}`,
      after,
      until,
    ).map((row) => ({
      jobId: String(row['id']) as JobId,
      prompt: String(row['prompt']),
      verdict: String(row['verdict']) as CutOff['verdict'],
      state: String(row['state']),
    }));
  }

  #missed(since: number, until: number): MissedSchedule[] {
    // With max(), the other columns are those of the row that has it (sqlite.org/lang_select.html#bareagg).
    return this.#all(
      `SELECT schedule_id, schedules.name, count(*) AS total, max(due_at) AS due_at, reason
       FROM occurrences JOIN schedules ON schedules.id = schedule_id
       WHERE state = 'missed' AND occurrences.decided_at > ? AND occurrences.decided_at <= ?
       GROUP BY schedule_id ORDER BY due_at DESC LIMIT ${mostListed}`,
      since,
      until,
    ).map((row) => ({
      scheduleId: String(row['schedule_id']),
      name: String(row['name']),
      count: Number(row['total']),
      dueAt: Number(row['due_at']),
      reason: row['reason'] === null ? null : String(row['reason']),
    }));
  }

  #paused(after: number, until: number): string[] {
    return this.#all(
      `SELECT DISTINCT json_extract(data, '$.name') AS name FROM events
       WHERE seq > ? AND at <= ? AND type = 'schedule.paused' AND json_extract(data, '$.by') = 'failures'
       LIMIT ${mostListed}`,
      after,
      until,
    ).map((row) => String(row['name']));
  }

  #count(sql: string, ...values: (string | number)[]): number {
    return Number(this.#database.prepare(sql).get(...values)?.['total'] ?? 0);
  }

  #all(sql: string, ...values: (string | number)[]): Record<string, SQLOutputValue>[] {
    return this.#database.prepare(sql).all(...values);
  }
}
