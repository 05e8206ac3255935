// The outbox: what is to be said to somebody outside, from the commit that made it true until the channel's own id is stored.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  parseRoute,
  parseTarget,
  saysNothing,
  type DeliveryState,
  type DeliveryStep,
} from '../core/delivery.ts';
import { HomerError, type Problem } from '../core/errors.ts';
import type { DeliveryId, JobId } from '../core/ids.ts';
import { isEnded, type JobState } from '../core/job.ts';
import {
  deliveryFromRow,
  type DeliveryDraft,
  type DeliveryFilter,
  type DeliveryRecord,
} from './delivery-record.ts';
import type { EventLog } from './event-log.ts';

/** How a job has moved, as far as somebody who is to be told of it is concerned. */
export interface ToldMove {
  readonly state: JobState;
  readonly waitingFor?: string | null;
  readonly error?: Problem | null;
  readonly resultText?: string | null;
}

const open = "state IN ('pending', 'sending')";

/** Every method that writes runs inside a transaction of the writer. */
export class Deliveries {
  readonly #database: DatabaseSync;
  readonly #events: EventLog;
  readonly #newId: (now: number) => DeliveryId;
  readonly #insert: StatementSync;
  readonly #byKey: StatementSync;
  readonly #byId: StatementSync;
  readonly #lines: StatementSync;
  readonly #front: StatementSync;
  readonly #sending: StatementSync;
  readonly #update: StatementSync;
  readonly #told: StatementSync;
  /** Counts up with every change, so that whoever sends looks only when there is something to see. */
  changes = 0;
  /** Told in the transaction in which a delivery ends: null when it is delivered, else why it is not. */
  onEnded: (delivery: DeliveryRecord, failure: string | null, now: number) => void = () => undefined;
  /** Jobs of this boot that are followed by a message. */
  announced = 0;

  constructor(database: DatabaseSync, events: EventLog, newId: (now: number) => DeliveryId) {
    this.#database = database;
    this.#events = events;
    this.#newId = newId;
    this.#insert =
      database.prepare(`INSERT INTO deliveries (id, key, target, line, kind, job_id, text, data, state,
      on_unknown, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT (key) DO NOTHING`);
    this.#byKey = database.prepare('SELECT * FROM deliveries WHERE key = ?');
    this.#byId = database.prepare('SELECT * FROM deliveries WHERE id = ?');
    this.#lines = database.prepare(`SELECT DISTINCT line FROM deliveries WHERE ${open}`);
    this.#front = database.prepare(
      `SELECT * FROM deliveries WHERE line = ? AND ${open} ORDER BY seq LIMIT 1`,
    );
    this.#sending = database.prepare(`SELECT * FROM deliveries WHERE ${open} AND state = 'sending'`);
    this.#update = database.prepare(`UPDATE deliveries SET state = ?, step = ?, message_ids = ?, attempts = ?,
      due_at = ?, reason = ?, ended_at = ? WHERE seq = ?`);
    this.#told = database.prepare('SELECT notify, fence, quiet FROM jobs WHERE seq = ?');
  }

  /** Puts a message into the outbox; one of a known key is there already. HOMER_TARGET_INVALID. */
  add(draft: DeliveryDraft, now: number): { readonly id: DeliveryId; readonly created: boolean } {
    const target = parseRoute(draft.target);
    if (target === null) throw new HomerError('HOMER_TARGET_INVALID', `"${draft.target}" is no target.`);
    const { key, jobId, text, kind = 'text', data = null, onUnknown = null } = draft;
    const id = this.#newId(now);
    const { redact } = this.#events;
    const json = data === null ? null : redact(JSON.stringify(data));
    const to = [draft.target, target.line, kind] as const;
    const { changes } = this.#insert.run(id, key, ...to, jobId, redact(text), json, onUnknown, now);
    if (changes === 0) return { id: String(this.#byKey.get(key)?.['id']) as DeliveryId, created: false };
    this.#note('pending', { id, jobId, kind, target: draft.target }, now);
    return { id, created: true };
  }

  /** A job was accepted: whoever is to be told of its end gets a message that follows it till then. */
  announce(jobId: JobId, notify: string, now: number): void {
    // What can be read at any time needs no message to look at meanwhile.
    if (parseTarget(notify)?.channel === 'web') return;
    this.announced += 1;
    this.add({ target: notify, key: statusKey(jobId), jobId, text: '', kind: 'status' }, now);
  }

  /** A job moved: its end, and what a person has to decide, are told to whoever it notifies. */
  tell(job: { readonly seq: number; readonly id: JobId }, move: ToldMove, now: number): void {
    const needsPerson = move.state === 'waiting' && (move.waitingFor ?? null) === null;
    if (!isEnded(move.state) && !needsPerson) return;
    const row = this.#told.get(job.seq);
    const target = row?.['notify'];
    if (typeof target !== 'string') return;
    const quiet = row?.['quiet'];
    if (move.state === 'succeeded' && typeof quiet === 'string' && saysNothing(move.resultText ?? '', quiet))
      return;
    const error = move.error ?? null;
    const text = move.state === 'succeeded' ? (move.resultText ?? '') : '';
    const data = { state: move.state, error };
    // A job that is retried by hand ends more than once, but each time after another grant.
    const key = `result:${job.id}:${String(row?.['fence'])}:${move.state}`;
    const { created } = this.add({ target, key, jobId: job.id, text, kind: 'result', data }, now);
    // Cancelled before it ever ran, retried and cancelled again: told again, in the same place.
    if (!created) this.repeat(this.get(this.#idOf(key)), now);
  }

  find(key: string): DeliveryRecord | null {
    const row = this.#byKey.get(key);
    return row === undefined ? null : deliveryFromRow(row);
  }

  /** HOMER_DELIVERY_UNKNOWN when there is none. */
  get(id: DeliveryId): DeliveryRecord {
    const row = this.#byId.get(id);
    if (row === undefined) throw new HomerError('HOMER_DELIVERY_UNKNOWN', `There is no delivery ${id}.`);
    return deliveryFromRow(row);
  }

  /** The channel's id of the message that follows the job; null while there is none. */
  statusMessage(jobId: JobId): string | null {
    return this.find(statusKey(jobId))?.messageIds[0] ?? null;
  }

  /** Newest first. */
  list({ state, jobId, target, limit, before }: DeliveryFilter): DeliveryRecord[] {
    const where = ['seq < ?'];
    const values: (string | number)[] = [before ?? Number.MAX_SAFE_INTEGER];
    // Written out, not bound: only then may SQLite use an index of just this state.
    if (state !== undefined) where.push(`state = '${state}'`);
    for (const [column, value] of [
      ['job_id', jobId],
      ['target', target],
    ] as const) {
      if (value === undefined) continue;
      where.push(`${column} = ?`);
      values.push(value);
    }
    return this.#database
      .prepare(`SELECT * FROM deliveries WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`)
      .all(...values, limit)
      .map(deliveryFromRow);
  }

  /** Of a job, oldest first. */
  ofJob(jobId: JobId): DeliveryRecord[] {
    return this.list({ jobId, limit: 500 }).toReversed();
  }

  /** Lines on which something is to be sent. */
  lines(): string[] {
    return this.#lines.all().map((row) => String(row['line']));
  }

  /** What is to be sent next on a line; nothing behind it is, before it has ended. */
  front(line: string): DeliveryRecord | null {
    const row = this.#front.get(line);
    return row === undefined ? null : deliveryFromRow(row);
  }

  /** Written before an attempt that must not be repeated blindly. */
  begin(delivery: DeliveryRecord): void {
    this.#write(delivery, { state: 'sending', dueAt: null });
  }

  /** A part is in place; `done`: it was the last one. */
  advance(
    delivery: DeliveryRecord,
    change: { readonly step: number; readonly messageIds: readonly string[]; readonly done: boolean },
    now: number,
  ): DeliveryRecord {
    const { step, messageIds, done } = change;
    const state = done ? 'delivered' : 'pending';
    const move = { state, step, messageIds, attempts: 0, dueAt: null, reason: null } as const;
    this.#write(delivery, { ...move, endedAt: done ? now : null });
    if (done) {
      this.#note(state, delivery, now);
      this.onEnded(delivery, null, now);
    }
    return this.get(delivery.id);
  }

  /** An attempt came to nothing, or nobody knows. */
  fail(delivery: DeliveryRecord, step: Exclude<DeliveryStep, { to: 'advance' }>, now: number): void {
    const attempts = delivery.attempts + 1;
    if (step.to === 'wait') {
      this.#write(delivery, { state: 'pending', attempts, dueAt: now + step.ms, reason: step.reason });
      return;
    }
    this.#write(delivery, { state: step.state, attempts, dueAt: null, reason: step.reason, endedAt: now });
    this.#note(step.state, delivery, now);
    this.onEnded(delivery, step.reason, now);
  }

  /** A person wants it sent again, whatever became of it. */
  repeat(delivery: DeliveryRecord, now: number): void {
    // What was delivered in parts goes on where it stopped; what is whole begins again, in the same place.
    const step = delivery.state === 'delivered' ? 0 : delivery.step;
    const move = { state: 'pending', attempts: 0, dueAt: null, reason: null, endedAt: null, step } as const;
    this.#write(delivery, move);
    this.#note('pending', delivery, now);
  }

  /** Given up: by a person, or since it has become pointless. */
  drop(delivery: DeliveryRecord, reason: string, now: number): void {
    this.#write(delivery, { state: 'dropped', dueAt: null, reason, endedAt: now });
    this.#note('dropped', delivery, now);
    this.onEnded(delivery, reason, now);
  }

  /** Attempts that an earlier boot did not live to see the end of. */
  interrupted(): DeliveryRecord[] {
    return this.#sending.all().map(deliveryFromRow);
  }

  #idOf(key: string): DeliveryId {
    return String(this.#byKey.get(key)?.['id']) as DeliveryId;
  }

  #write(delivery: DeliveryRecord, move: Partial<DeliveryRecord> & Pick<DeliveryRecord, 'state'>): void {
    const { state, step, messageIds, attempts, dueAt, reason, endedAt, seq } = { ...delivery, ...move };
    this.#update.run(state, step, JSON.stringify(messageIds), attempts, dueAt, reason, endedAt, seq);
    this.changes += 1;
  }

  #note(
    state: DeliveryState,
    { id, jobId, kind, target }: Pick<DeliveryRecord, 'id' | 'jobId' | 'kind' | 'target'>,
    now: number,
  ): void {
    this.changes += 1;
    this.#events.append(now, `delivery.${state}`, jobId, null, { deliveryId: id, kind, target });
  }
}

export function statusKey(jobId: JobId): string {
  return `status:${jobId}`;
}

/** After a restore nobody knows what the other copy has sent: inside the transaction that begins a held boot. */
export function holdDeliveries(database: DatabaseSync, now: number): void {
  database
    .prepare(
      `UPDATE deliveries SET state = CASE kind WHEN 'status' THEN 'dropped' ELSE 'unknown' END, reason = ?, ended_at = ?, due_at = NULL WHERE ${open}`,
    )
    .run('The state directory was restored, copied or moved; the other copy may have sent it.', now);
}
