// Schedules: made, changed, paused, removed. Every method that writes runs inside a transaction of the writer.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import { isScheduleId, type ScheduleId } from '../core/ids.ts';
import type { ScheduleRules } from '../core/schedule.ts';
import type { EventLog } from './event-log.ts';
import { scheduleFromRow, type Origin, type PausedBy, type ScheduleRecord } from './schedule-record.ts';

export interface ScheduleDraft {
  readonly id: ScheduleId;
  readonly name: string;
  readonly origin: Origin;
  readonly source: string;
  readonly byOwner: boolean;
  /** The same (source, key) is the same schedule. */
  readonly requestKey: string | null;
  readonly rules: ScheduleRules;
  readonly anchorAt: number;
}

/** When a schedule is due next. */
export interface NextTimes {
  readonly nextAt: number | null;
  /** With its jitter; null also while it is paused. */
  readonly fireAt: number | null;
}

/** From here the due times are counted afresh. */
export interface FreshCount {
  readonly anchorAt: number;
  readonly decidedAt: number;
}

export class Schedules {
  readonly #events: EventLog;
  readonly #byId: StatementSync;
  readonly #byName: StatementSync;
  readonly #byRequest: StatementSync;
  readonly #fromFile: StatementSync;
  readonly #all: StatementSync;
  readonly #due: StatementSync;
  readonly #nextFire: StatementSync;
  readonly #insert: StatementSync;
  readonly #change: StatementSync;
  readonly #rename: StatementSync;
  readonly #count: StatementSync;
  readonly #place: StatementSync;
  readonly #pause: StatementSync;
  readonly #remove: StatementSync;
  readonly #failures: StatementSync;
  readonly #missGap: StatementSync;
  #onChange: () => void = () => undefined;

  constructor(database: DatabaseSync, events: EventLog) {
    this.#events = events;
    const one = (rest: string): StatementSync => database.prepare(`SELECT * FROM schedules WHERE ${rest}`);
    this.#byId = one('id = ?');
    this.#byName = one('name = ? AND removed_at IS NULL');
    this.#byRequest = one('source = ? AND request_key = ?');
    this.#fromFile = one("origin = 'file' AND name = ? ORDER BY seq DESC LIMIT 1");
    this.#all = one('removed_at IS NULL ORDER BY seq');
    this.#due = one('fire_at <= ?1 OR (fire_at IS NOT NULL AND decided_at > ?1) ORDER BY fire_at, seq');
    this.#nextFire = database.prepare(
      'SELECT min(fire_at) AS fire, max(decided_at) AS decided FROM schedules WHERE fire_at IS NOT NULL',
    );
    this.#insert = database.prepare(`INSERT INTO schedules (id, name, origin, source, by_owner, request_key,
      kind, spec, time_zone, catch_up, window_ms, overlap, jitter_ms, pause_after, says, prompt, executor, lane,
      session, cwd, notify, hours, quiet, job_options, anchor_at, decided_at, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#change = database.prepare(`UPDATE schedules SET kind = ?, spec = ?, time_zone = ?, catch_up = ?,
      window_ms = ?, overlap = ?, jitter_ms = ?, pause_after = ?, says = ?, prompt = ?, executor = ?, lane = ?,
      session = ?, cwd = ?, notify = ?, hours = ?, quiet = ?, job_options = ?, by_owner = ?, removed_at = NULL WHERE seq = ?`);
    this.#rename = database.prepare('UPDATE schedules SET name = ? WHERE seq = ?');
    this.#count = database.prepare('UPDATE schedules SET anchor_at = ?, decided_at = ? WHERE seq = ?');
    this.#place = database.prepare(
      'UPDATE schedules SET decided_at = ?, next_at = ?, fire_at = ? WHERE seq = ?',
    );
    this.#pause = database.prepare(
      'UPDATE schedules SET paused_by = ?1, failures = iif(?1 IS NULL, 0, failures) WHERE seq = ?2',
    );
    this.#remove = database.prepare(
      'UPDATE schedules SET removed_at = ?, next_at = NULL, fire_at = NULL WHERE seq = ?',
    );
    this.#failures = database.prepare('UPDATE schedules SET failures = ? WHERE seq = ?');
    this.#missGap = database.prepare('UPDATE schedules SET missed_until = ? WHERE removed_at IS NULL');
  }

  /** `told` is called inside the transaction in which something changed that may be due sooner. */
  watch(told: () => void): void {
    this.#onChange = told;
  }

  /** By id or name; null: none, or it was removed. */
  find(idOrName: string): ScheduleRecord | null {
    const row = isScheduleId(idOrName) ? this.#byId.get(idOrName) : this.#byName.get(idOrName);
    if (row === undefined || row['removed_at'] !== null) return null;
    return scheduleFromRow(row);
  }

  /** Also one that was removed. */
  findAny(id: ScheduleId): ScheduleRecord | null {
    const row = this.#byId.get(id);
    return row === undefined ? null : scheduleFromRow(row);
  }

  /** HOMER_SCHEDULE_UNKNOWN when there is none. */
  get(idOrName: string): ScheduleRecord {
    const found = this.find(idOrName);
    if (found !== null) return found;
    throw new HomerError('HOMER_SCHEDULE_UNKNOWN', `There is no schedule ${JSON.stringify(idOrName)}.`);
  }

  /** The one that this request made, also when it was removed since. */
  findRequested(source: string, key: string): ScheduleRecord | null {
    const row = this.#byRequest.get(source, key);
    return row === undefined ? null : scheduleFromRow(row);
  }

  /** The one of this name in config.yaml, also when it was removed since. */
  findFromFile(name: string): ScheduleRecord | null {
    const row = this.#fromFile.get(name);
    return row === undefined ? null : scheduleFromRow(row);
  }

  /** In the order in which they were made. */
  list(): ScheduleRecord[] {
    return this.#all.all().map(scheduleFromRow);
  }

  /** Those that are to fire by now, and those that were decided on at a time that is yet to come: the clock was put back. */
  due(now: number): ScheduleRecord[] {
    return this.#due.all(now).map(scheduleFromRow);
  }

  /** When the next one fires; `isBack`: the clock was put back behind a decision. Null: none ever does. */
  nextFire(now: number): { readonly at: number; readonly isBack: boolean } | null {
    const row = this.#nextFire.get();
    const at = row?.['fire'];
    return typeof at === 'number' ? { at, isBack: Number(row?.['decided']) > now } : null;
  }

  /** HOMER_SCHEDULE_EXISTS when the name is taken. It is due when `place` has said so. */
  create(draft: ScheduleDraft, now: number): ScheduleRecord {
    const { id, name, origin, source, byOwner, requestKey, rules, anchorAt } = draft;
    const known = this.find(name);
    if (known !== null || isScheduleId(name)) throw nameTaken(name, known);
    const owner = byOwner ? 1 : 0;
    const values = columnsOf(rules);
    this.#insert.run(id, name, origin, source, owner, requestKey, ...values, anchorAt, now, now);
    this.#events.append(now, 'schedule.created', null, null, { scheduleId: id, name });
    return this.get(id);
  }

  /** New rules; `fresh` where its due times are other ones now. Brings one back that was removed. */
  change(
    { seq, id, name }: ScheduleRecord,
    rules: ScheduleRules,
    byOwner: boolean,
    fresh: FreshCount | null,
    now: number,
  ): ScheduleRecord {
    this.#change.run(...columnsOf(rules), byOwner ? 1 : 0, seq);
    if (fresh !== null) this.#count.run(fresh.anchorAt, fresh.decidedAt, seq);
    this.#events.append(now, 'schedule.changed', null, null, { scheduleId: id, name });
    return this.get(id);
  }

  rename({ seq, id }: ScheduleRecord, name: string): ScheduleRecord {
    const known = this.find(name);
    if (known !== null) throw nameTaken(name, known);
    this.#rename.run(name, seq);
    return this.get(id);
  }

  /** Everything up to `decidedAt` is decided, and this comes next. */
  place({ seq }: ScheduleRecord, decidedAt: number, { nextAt, fireAt }: NextTimes): void {
    this.#place.run(decidedAt, nextAt, fireAt, seq);
    this.#onChange();
  }

  /** null: it goes on, with its failures forgotten. It is not due until `place` has said so. */
  setPaused({ seq, id, name, pausedBy, failures }: ScheduleRecord, by: PausedBy | null, now: number): void {
    if (pausedBy === by) return;
    this.#pause.run(by, seq);
    const type = by === null ? 'schedule.resumed' : 'schedule.paused';
    const more = by === null ? {} : { by, ...(by === 'failures' ? { failures } : {}) };
    this.#events.append(now, type, null, null, { scheduleId: id, name, ...more });
  }

  /** Its occurrences stay; jobs that it has made go on. */
  remove({ seq, id, name }: ScheduleRecord, now: number): void {
    this.#remove.run(now, seq);
    this.#events.append(now, 'schedule.removed', null, null, { scheduleId: id, name });
    this.#onChange();
  }

  setFailures({ seq }: ScheduleRecord, failures: number): void {
    this.#failures.run(failures, seq);
  }

  /** Nothing that was due while Homer was held is caught up. */
  missGap(until: number): void {
    this.#missGap.run(until);
    this.#onChange();
  }
}

function columnsOf(rules: ScheduleRules): (string | number | null)[] {
  return [
    rules.kind,
    rules.spec,
    rules.timeZone,
    rules.catchUp,
    rules.catchUpWindowMs,
    rules.overlap,
    rules.jitterMs,
    rules.pauseAfter,
    rules.says ? 1 : 0,
    rules.prompt,
    rules.executor,
    rules.lane,
    rules.session,
    rules.cwd,
    rules.notify,
    rules.activeHours,
    rules.quiet,
    rules.jobOptions,
  ];
}

/** What stands in the file is changed there and nowhere else. */
function nameTaken(name: string, known: ScheduleRecord | null): HomerError {
  const isFixed = known?.origin === 'file';
  return new HomerError(
    'HOMER_SCHEDULE_EXISTS',
    `There is a schedule "${name}"${isFixed ? ' in config.yaml' : ''}.`,
    isFixed ? { hint: 'Choose another name, or change the one there is in config.yaml.' } : {},
  );
}
