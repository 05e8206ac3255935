// What belongs to a run beside its jobs: the chat that its session came from, and what its session has left to come.

import { parseTarget } from '../core/delivery.ts';
import { HomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import type { Timing } from '../core/schedule.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import type { Calendar } from '../scheduler/calendar.ts';
import type { Caller } from './operation.ts';

/** Of one session, schedules and reminders together. */
const mostToCome = 20;
/** What a run leaves behind costs on when nobody looks any more. */
const shortestPauseMs = 15 * 60_000;
const looksAhead = 10;

/** Where a run may be heard: who is told of its job, or the chat that its session, or that of a job above it, came from. */
export function chatOf(ledger: Ledger, jobId: JobId): string | null {
  for (let above: JobId | null = jobId; above !== null;) {
    const job = ledger.jobs.get(above);
    if (job.notify !== null) return job.notify;
    const channel = job.sessionId === null ? null : ledger.sessions.get(job.sessionId).channel;
    if (channel !== null && parseTarget(channel) !== null) return channel;
    above = job.parentId;
  }
  return null;
}

/** The job at the top, which no run asked for: what it may, all under it may together. */
export function firstAbove(ledger: Ledger, jobId: JobId): JobId {
  const { parentId } = ledger.jobs.get(jobId);
  return parentId === null ? jobId : firstAbove(ledger, parentId);
}

/** Whose it is that a caller makes: a run makes it for its session, so that the next turn can take it back. */
export function makerOf(ledger: Ledger, { run, source }: Caller): string {
  if (run === undefined) return source;
  const { sessionId } = ledger.jobs.get(run.jobId);
  return sessionId === null ? source : `session:${sessionId}`;
}

/** HOMER_SCOPE_MISSING when a run means a schedule or reminder that its session did not make. */
export function requireMade(ledger: Ledger, caller: Caller, schedule: ScheduleRecord): void {
  if (caller.run === undefined || schedule.source === makerOf(ledger, caller)) return;
  throw new HomerError('HOMER_SCOPE_MISSING', `"${schedule.name}" was not made by the session of this run.`, {
    hint: 'A run sees and changes only what its own session has made.',
  });
}

/** Whether it is the caller's to see. */
export function isMade(ledger: Ledger, caller: Caller, schedule: ScheduleRecord): boolean {
  return caller.run === undefined || schedule.source === makerOf(ledger, caller);
}

/** HOMER_SCOPE_MISSING for anything a run says about where, by whom or how the work is to be done. */
export function refuseChoices(caller: Caller, said: Readonly<Record<string, unknown>>): void {
  if (caller.run === undefined) return;
  const [first] = Object.entries(said).find(([, value]) => value !== undefined && value !== null) ?? [];
  if (first === undefined) return;
  throw new HomerError('HOMER_SCOPE_MISSING', `A run may not choose "${first}" for what comes after it.`, {
    hint: 'Leave it out: reminders of a run are messages to its own chat, its schedules turns of its own session.',
  });
}

/** HOMER_RUN_LIMIT when a run asks for one too many, or for one that is due too often. */
export function requireModest(
  ledger: Ledger,
  calendar: Calendar,
  caller: Caller,
  timing: Timing,
  now: number,
): void {
  if (caller.run === undefined) return;
  const maker = makerOf(ledger, caller);
  const toCome = ledger.schedules
    .list()
    .filter(({ source, nextAt, pausedBy }) => source === maker && (nextAt !== null || pausedBy !== null));
  if (toCome.length >= mostToCome)
    throw new HomerError(
      'HOMER_RUN_LIMIT',
      `This session has ${mostToCome} schedules and reminders to come, which is the limit.`,
    );
  let last = calendar.next(timing, now);
  for (let looks = 0; last !== null && looks < looksAhead; looks++) {
    const next = calendar.next(timing, last);
    if (next !== null && next - last < shortestPauseMs)
      throw new HomerError(
        'HOMER_RUN_LIMIT',
        `What a run schedules may be due every ${shortestPauseMs / 60_000} minutes, not more often.`,
      );
    last = next;
  }
}
