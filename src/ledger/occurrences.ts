// Occurrences: one row for every due time of every schedule, written with the job it made, and ended in the commit that ends
// the job. Every method that writes runs inside a transaction of the writer.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isScheduleId, type JobId, type ScheduleId } from '../core/ids.ts';
import type { JobState } from '../core/job.ts';
import type { OccurrenceState } from '../core/schedule.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import type { EventLog } from './event-log.ts';
import { occurrenceFromRow, type OccurrenceRecord, type ScheduleRecord } from './schedule-record.ts';
import type { Schedules } from './schedules.ts';

/** What is known of an occurrence when its due time is decided on. */
export interface Decided {
  readonly state: OccurrenceState;
  readonly jobId?: JobId | null;
  readonly reason?: string | null;
  readonly unseen?: boolean;
}

/** As many of each schedule are kept; the idempotency keys of jobs are a second guard behind them. */
const mostKept = 2_000;

export class Occurrences {
  readonly #events: EventLog;
  readonly #schedules: Schedules;
  readonly #one: StatementSync;
  readonly #ofJob: StatementSync;
  readonly #list: StatementSync;
  readonly #last: StatementSync;
  readonly #open: StatementSync;
  readonly #waiting: StatementSync;
  readonly #unseen: StatementSync;
  readonly #write: StatementSync;
  readonly #end: StatementSync;
  readonly #see: StatementSync;
  readonly #prune: StatementSync;
  #onEnded: () => void = () => undefined;

  constructor(database: DatabaseSync, events: EventLog, schedules: Schedules) {
    this.#events = events;
    this.#schedules = schedules;
    this.#one = database.prepare('SELECT * FROM occurrences WHERE schedule_id = ? AND due_at = ?');
    this.#ofJob = database.prepare('SELECT * FROM occurrences WHERE job_id = ?');
    this.#list = database.prepare(
      'SELECT * FROM occurrences WHERE schedule_id = ? AND due_at < ? ORDER BY due_at DESC LIMIT ?',
    );
    this.#last = database.prepare(
      'SELECT * FROM occurrences WHERE schedule_id = ? ORDER BY due_at DESC LIMIT 1',
    );
    this.#open = database.prepare(
      "SELECT * FROM occurrences WHERE schedule_id = ? AND state = 'pending' ORDER BY due_at",
    );
    // A message that is on its way waits for nobody but its delivery.
    this.#waiting = database.prepare(`SELECT DISTINCT schedule_id AS id FROM occurrences
      JOIN schedules ON schedules.id = schedule_id
      WHERE state = 'pending' AND job_id IS NULL AND says = 0`);
    this.#unseen = database.prepare('SELECT * FROM occurrences WHERE unseen = 1 ORDER BY seq LIMIT ?');
    this.#write = database.prepare(`INSERT INTO occurrences
      (schedule_id, due_at, state, job_id, reason, decided_at, ended_at, unseen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (schedule_id, due_at) DO UPDATE SET state = excluded.state, job_id = excluded.job_id,
      reason = excluded.reason, decided_at = excluded.decided_at, ended_at = excluded.ended_at, unseen = excluded.unseen`);
    this.#end = database.prepare('UPDATE occurrences SET state = ?, reason = ?, ended_at = ? WHERE seq = ?');
    this.#see = database.prepare('UPDATE occurrences SET unseen = ? WHERE seq = ?');
    this.#prune = database.prepare(`DELETE FROM occurrences WHERE schedule_id = ?1 AND state <> 'pending'
      AND unseen = 0 AND due_at < (SELECT due_at FROM occurrences WHERE schedule_id = ?1 ORDER BY due_at DESC
      LIMIT 1 OFFSET ${mostKept})`);
  }

  /** `told` is called inside the transaction in which a job of an occurrence has ended. */
  watch(told: () => void): void {
    this.#onEnded = told;
  }

  find(scheduleId: ScheduleId, dueAt: number): OccurrenceRecord | null {
    const row = this.#one.get(scheduleId, dueAt);
    return row === undefined ? null : occurrenceFromRow(row);
  }

  /** Newest first; `before`: only those that were due earlier. */
  list(scheduleId: ScheduleId, limit: number, before = Number.MAX_SAFE_INTEGER): OccurrenceRecord[] {
    return this.#list.all(scheduleId, before, limit).map(occurrenceFromRow);
  }

  last(scheduleId: ScheduleId): OccurrenceRecord | null {
    const row = this.#last.get(scheduleId);
    return row === undefined ? null : occurrenceFromRow(row);
  }

  /** Those that have not ended, oldest first: with a job under way, or waiting for the one before. */
  open(scheduleId: ScheduleId): OccurrenceRecord[] {
    return this.#open.all(scheduleId).map(occurrenceFromRow);
  }

  /** Schedules of which an occurrence waits for the one before. */
  schedulesWaiting(): ScheduleId[] {
    return this.#waiting.all().map((row) => String(row['id']) as ScheduleId);
  }

  /** Messages that nobody has said to have seen, oldest first. */
  unseen(limit: number): OccurrenceRecord[] {
    return this.#unseen.all(limit).map(occurrenceFromRow);
  }

  /** Writes down what became of a due time; a row of it that had no job yet is written over. */
  decide(schedule: ScheduleRecord, dueAt: number, decided: Decided, now: number): void {
    const { state, jobId = null, reason = null, unseen = false } = decided;
    const endedAt = state === 'pending' ? null : now;
    this.#write.run(schedule.id, dueAt, state, jobId, reason, now, endedAt, unseen ? 1 : 0);
    this.#tell(schedule.id, dueAt, state, jobId, reason, now);
  }

  /** Old ones are let go of; the newest always stay. */
  prune(scheduleId: ScheduleId): void {
    this.#prune.run(scheduleId);
  }

  /** The end of an occurrence that is known by its row. */
  end(
    { seq, scheduleId, dueAt, jobId }: OccurrenceRecord,
    state: OccurrenceState,
    reason: string | null,
    now: number,
  ): void {
    this.#end.run(state, reason, now, seq);
    this.#tell(scheduleId, dueAt, state, jobId, reason, now);
  }

  /** Why it is going to end otherwise than it would have. */
  note({ seq, state }: OccurrenceRecord, reason: string): void {
    this.#end.run(state, reason, null, seq);
  }

  /**
   * A job has ended: so has its occurrence, if it is one's. A retry by hand that succeeds mends one that had failed. A schedule
   * whose failures in a row are too many is paused, in the same commit.
   */
  jobEnded(jobId: JobId, state: JobState, error: string | null, now: number): void {
    const row = this.#ofJob.get(jobId);
    if (row === undefined) return;
    const occurrence = occurrenceFromRow(row);
    if (state === 'succeeded') this.end(occurrence, 'ran', null, now);
    else if (state === 'failed') this.end(occurrence, 'failed', error, now);
    // What was replaced has its reason already.
    else this.end(occurrence, 'skipped', occurrence.reason ?? 'its job was cancelled', now);
    if (state !== 'cancelled') this.countFailure(occurrence.scheduleId, state === 'failed', now);
    this.#onEnded();
  }

  /** Whether its end failed; pauses the schedule when that were too many in a row. */
  countFailure(scheduleId: ScheduleId, failed: boolean, now: number): void {
    const schedule = this.#schedules.find(scheduleId);
    if (schedule === null) return;
    const failures = failed ? schedule.failures + 1 : 0;
    if (failures !== schedule.failures) this.#schedules.setFailures(schedule, failures);
    const isTooMany = schedule.pauseAfter > 0 && failures >= schedule.pauseAfter;
    if (!isTooMany || schedule.pausedBy !== null) return;
    this.#schedules.setPaused({ ...schedule, failures }, 'failures', now);
    this.#schedules.place(schedule, schedule.decidedAt, { nextAt: null, fireAt: null });
  }

  /**
   * Whoever delivers a message says how that went: delivered (null), or why not; then it stands in the status until it was seen.
   */
  delivered(scheduleId: ScheduleId, dueAt: number, failure: string | null, now: number): void {
    const occurrence = this.find(scheduleId, dueAt);
    const isOpen =
      occurrence?.state === 'pending' || (occurrence?.state === 'delivery_failed' && failure === null);
    if (occurrence === null || !isOpen || occurrence.jobId !== null) return;
    this.#see.run(failure === null ? 0 : 1, occurrence.seq);
    this.end(occurrence, failure === null ? 'ran' : 'delivery_failed', failure, now);
  }

  /**
   * A delivery ended: the message of an occurrence, or the result of its job. One that is sent again by hand and arrives mends
   * what had failed.
   */
  deliveryEnded({ key, kind, jobId }: DeliveryRecord, failure: string | null, now: number): void {
    const message = messageOfKey(key);
    if (message !== null) this.delivered(message.scheduleId, message.dueAt, failure, now);
    const row = jobId === null || kind !== 'result' ? undefined : this.#ofJob.get(jobId);
    if (row === undefined) return;
    const occurrence = occurrenceFromRow(row);
    if (failure !== null && occurrence.state === 'ran') this.end(occurrence, 'delivery_failed', failure, now);
    if (failure === null && occurrence.state === 'delivery_failed') this.end(occurrence, 'ran', null, now);
  }

  /** A message was seen; false: nobody has to see it. */
  see({ seq, scheduleId, dueAt, unseen }: OccurrenceRecord, now: number): boolean {
    if (!unseen) return false;
    this.#see.run(0, seq);
    this.#events.append(now, 'reminder.seen', null, null, { scheduleId, dueAt: iso(dueAt) });
    return true;
  }

  #tell(
    scheduleId: ScheduleId,
    dueAt: number,
    state: OccurrenceState,
    jobId: JobId | null,
    reason: string | null,
    now: number,
  ): void {
    const data = { scheduleId, dueAt: iso(dueAt), ...(reason === null ? {} : { reason }) };
    this.#events.append(now, `occurrence.${state}`, jobId, null, data);
  }
}

const iso = (at: number): string => new Date(at).toISOString();

/** The key under which the message of an occurrence is delivered: there is one, however often its time comes. */
export function messageKey(scheduleId: ScheduleId, dueAt: number): string {
  return `occurrence:${scheduleId}@${iso(dueAt)}`;
}

function messageOfKey(key: string): { readonly scheduleId: ScheduleId; readonly dueAt: number } | null {
  const [, id, dueAt] = /^occurrence:([^@]+)@(.+)$/.exec(key) ?? [];
  return id === undefined || dueAt === undefined || !isScheduleId(id)
    ? null
    : { scheduleId: id, dueAt: Date.parse(dueAt) };
}
