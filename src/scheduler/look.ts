// What one look at the clock writes: for each schedule that is due, a row per due time and the jobs these make. All of it runs
// inside one transaction of the writer, so that there is no occurrence without its job and no job without its occurrence.

import { isHomerError } from '../core/errors.ts';
import type { JobId, ScheduleId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import { decideDue, decideOverlap, type Due } from '../core/due.ts';
import { jitterOf } from '../core/schedule.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NextTimes } from '../ledger/schedules.ts';
import type { OccurrenceRecord, ScheduleRecord } from '../ledger/schedule-record.ts';
import type { Calendar } from './calendar.ts';

/** A message to a person, on its way out in the commit that makes it. */
export interface Announcement {
  /** Such as `telegram:123456`; null: wherever the owner looks. */
  readonly target: string | null;
  readonly text: string;
  readonly scheduleId: ScheduleId;
  readonly dueAt: number;
}

/** Inside the transaction. `said`: nothing more is to come; `sending`: whoever delivers it ends the occurrence. */
export type Announce = (announcement: Announcement, now: number) => 'said' | 'sending';

/** Inside the transaction: the job of an occurrence, under a key of its own. Refuses with HomerErrors, as intake does. */
export type MakeJob = (schedule: ScheduleRecord, dueAt: number) => JobId;

export interface LookParts {
  readonly ledger: Ledger;
  readonly calendar: Calendar;
  readonly makeJob: MakeJob;
  readonly announce: Announce;
}

export interface Look {
  readonly now: number;
  /** How far somebody put the clock forward since the look before, ms. */
  readonly movedMs: number;
}

const paused = { state: 'skipped', reason: 'its schedule was paused' } as const;
const removed = { state: 'skipped', reason: 'its schedule was removed' } as const;

/** A look writes no more rows than these for one schedule; what is older is told in the reason of the oldest. */
const mostRows = 1_000;

/** When it is due after `after`; nothing fires while it is paused. */
export function nextTimes(calendar: Calendar, schedule: ScheduleRecord, after: number): NextTimes {
  if (schedule.pausedBy !== null) return { nextAt: null, fireAt: null };
  const nextAt = calendar.next(schedule, after);
  return {
    nextAt,
    fireAt: nextAt === null ? null : nextAt + jitterOf(schedule.id, nextAt, schedule.jitterMs),
  };
}

/** Decides on everything that is due; returns the jobs whose runs must be told to end. */
export function lookAtAll(parts: LookParts, look: Look): JobId[] {
  const { ledger } = parts;
  const running = ledger.schedules.due(look.now).flatMap((schedule) => lookAt(parts, schedule, look));
  for (const id of startable(ledger)) startWaiting(parts, id, look.now);
  return running;
}

/** Schedules with an occurrence that waits for one which has ended. */
export function startable(ledger: Ledger): ScheduleId[] {
  return ledger.occurrences
    .schedulesWaiting()
    .filter((id) => ledger.occurrences.open(id).every(({ jobId }) => jobId === null));
}

function lookAt(parts: LookParts, schedule: ScheduleRecord, { now, movedMs }: Look): JobId[] {
  const { ledger, calendar } = parts;
  // The clock was put back: what is decided stays decided by its row, and everything is looked at again as its time comes.
  const from = Math.min(schedule.decidedAt, now);
  const found = calendar.between(schedule, from, now, mostRows + 1);
  const hasMore = found.length > mostRows;
  const dues = found
    .slice(-mostRows)
    .map((dueAt): Due => ({ dueAt, fireAt: dueAt + jitterOf(schedule.id, dueAt, schedule.jitterMs) }));
  const firstLater = dues.findIndex(({ fireAt }) => fireAt > now);
  const ready = firstLater < 0 ? dues : dues.slice(0, firstLater);
  const running: JobId[] = [];
  const together = { count: 0 };
  for (const decision of decideDue(ready, { ...schedule, now, clockMoved: movedMs > 0 })) {
    const { dueAt } = decision;
    const known = ledger.occurrences.find(schedule.id, dueAt);
    // What could not fire may yet, when its time comes a second time; anything else happens once.
    if (known !== null && known.state !== 'missed') continue;
    if (decision.becomes === 'missed') {
      const isOldest = hasMore && dueAt === ready[0]?.dueAt;
      const reason = isOldest ? `${decision.reason}; so are those before it` : decision.reason;
      if (known === null) ledger.occurrences.decide(schedule, dueAt, { state: 'missed', reason }, now);
    } else if (ledger.schedules.find(schedule.id)?.pausedBy !== null)
      ledger.occurrences.decide(schedule, dueAt, paused, now);
    else running.push(...fire(parts, schedule, dueAt, together, now));
  }
  const decidedAt = Math.max(from, ready.at(-1)?.dueAt ?? from);
  const current = ledger.schedules.find(schedule.id) ?? schedule;
  ledger.schedules.place(schedule, decidedAt, nextTimes(calendar, current, decidedAt));
  ledger.occurrences.prune(schedule.id);
  return running;
}

function fire(
  parts: LookParts,
  schedule: ScheduleRecord,
  dueAt: number,
  together: { count: number },
  now: number,
): JobId[] {
  const { ledger } = parts;
  const { occurrences } = ledger;
  if (schedule.says) {
    say(parts, schedule, dueAt, now);
    return [];
  }
  const before = occurrences.open(schedule.id).filter((each) => each.dueAt !== dueAt);
  const active = before.filter(({ jobId }) => jobId !== null);
  const decision = decideOverlap(schedule.overlap, {
    active: active.length,
    waiting: before.length - active.length,
    together: together.count,
  });
  if (decision.does === 'skip') {
    occurrences.decide(schedule, dueAt, { state: 'skipped', reason: decision.reason }, now);
    return [];
  }
  if (decision.does === 'start') {
    if (startJob(parts, schedule, dueAt, now) !== null) together.count += 1;
    return [];
  }
  together.count += 1;
  const running = decision.does === 'replace' ? replace(ledger, before, dueAt, now) : [];
  const reason = 'it waits for the one before';
  occurrences.decide(schedule, dueAt, { state: 'pending', reason }, now);
  return running;
}

/** Makes the job and writes the row; refused by intake, the occurrence has failed and says why. */
export function startJob(
  { ledger, makeJob }: LookParts,
  schedule: ScheduleRecord,
  dueAt: number,
  now: number,
): JobId | null {
  try {
    const jobId = makeJob(schedule, dueAt);
    ledger.occurrences.decide(schedule, dueAt, { state: 'pending', jobId }, now);
    // The key was used before: of a row that was let go of. There is no second job, and this one may have ended long ago.
    const { state, error } = ledger.jobs.get(jobId);
    if (isEnded(state)) ledger.occurrences.jobEnded(jobId, state, error?.message ?? null, now);
    return jobId;
  } catch (error) {
    // Anything else is trouble of the ledger, and takes the whole look along.
    if (!isHomerError(error)) throw error;
    ledger.occurrences.decide(
      schedule,
      dueAt,
      { state: 'failed', reason: `${error.code}: ${error.message}` },
      now,
    );
    ledger.occurrences.countFailure(schedule.id, true, now);
    return null;
  }
}

/** Hands a message out; without anybody to deliver it, it is said when it stands in the status. */
export function say(
  { ledger, announce }: LookParts,
  schedule: ScheduleRecord,
  dueAt: number,
  now: number,
): void {
  const { id, notify, prompt } = schedule;
  const said = announce({ target: notify, text: prompt, scheduleId: id, dueAt }, now);
  const state = said === 'said' ? 'ran' : 'pending';
  ledger.occurrences.decide(schedule, dueAt, { state, unseen: said === 'said' }, now);
}

function replace(ledger: Ledger, before: readonly OccurrenceRecord[], dueAt: number, now: number): JobId[] {
  const reason = `it was replaced by the one of ${new Date(dueAt).toISOString()}`;
  const running: JobId[] = [];
  for (const occurrence of before) {
    if (occurrence.jobId === null) {
      ledger.occurrences.end(occurrence, 'skipped', reason, now);
      continue;
    }
    // It was told to end before.
    if (occurrence.reason !== null) continue;
    ledger.occurrences.note(occurrence, reason);
    if (isEnded(ledger.jobs.get(occurrence.jobId).state)) continue;
    running.push(...ledger.family.cancelTree(occurrence.jobId, now).running);
  }
  return running;
}

/** The next occurrence that waited, once nothing before it is under way. */
function startWaiting(parts: LookParts, id: ScheduleId, now: number): void {
  const { ledger } = parts;
  const schedule = ledger.schedules.findAny(id);
  if (schedule === null) return;
  for (const { dueAt } of ledger.occurrences.open(id)) {
    if (schedule.removedAt !== null) ledger.occurrences.decide(schedule, dueAt, removed, now);
    else if (ledger.schedules.find(id)?.pausedBy !== null)
      ledger.occurrences.decide(schedule, dueAt, paused, now);
    else if (startJob(parts, schedule, dueAt, now) !== null) return;
  }
}
