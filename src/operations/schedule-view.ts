// Schedules and occurrences as clients see them.

import { resolve } from 'node:path';
import { z } from 'zod';
import { onInterruptChoices, type OnInterrupt } from '../core/job.ts';
import { occurrenceStates, readJobOptions, type JobOptions, type OccurrenceState } from '../core/schedule.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OccurrenceRecord, ScheduleRecord } from '../ledger/schedule-record.ts';
import type { Calendar } from '../scheduler/calendar.ts';

const time = z.iso.datetime().nullable();

export const occurrenceView = z.object({
  scheduleId: z.string(),
  dueAt: z.iso.datetime(),
  state: z.enum(occurrenceStates as readonly [OccurrenceState, ...OccurrenceState[]]),
  jobId: z.string().nullable(),
  reason: z.string().nullable(),
  decidedAt: time,
  endedAt: time,
});

export type OccurrenceView = z.infer<typeof occurrenceView>;

const jobOptionsView = {
  priority: z.int().nullable(),
  maxAttempts: z.int().nullable(),
  maxCrashes: z.int().nullable(),
  timeoutMs: z.int().nullable(),
  onInterrupt: z.enum(onInterruptChoices as readonly [OnInterrupt, ...OnInterrupt[]]).nullable(),
  maxTurns: z.int().nullable(),
  maxTokens: z.int().nullable(),
  maxCostUsd: z.number().nullable(),
  fallback: z.array(z.string()).nullable(),
};

export const scheduleView = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['at', 'every', 'cron']),
  spec: z.string(),
  timeZone: z.string(),
  catchUp: z.enum(['skip', 'once', 'all']),
  catchUpWindowMs: z.int(),
  overlap: z.enum(['skip', 'queue', 'replace']),
  jitterMs: z.int(),
  enabled: z.boolean(),
  /** Null while it is enabled. */
  pausedBy: z.enum(['person', 'failures', 'config']).nullable(),
  /** Failures in a row after which it is paused; 0: never. */
  pauseAfter: z.int(),
  failures: z.int(),
  /** `file`: it stands in config.yaml. */
  origin: z.enum(['file', 'made', 'reminder']),
  source: z.string(),
  prompt: z.string(),
  lane: z.string().nullable(),
  executor: z.string().nullable(),
  session: z.string().nullable(),
  cwd: z.string().nullable(),
  notify: z.string().nullable(),
  activeHours: z.string().nullable(),
  quiet: z.string().nullable(),
  /** What its jobs are told beside their task; what is left out is as intake chooses. */
  ...jobOptionsView,
  createdAt: time,
  /** Due time of the next occurrence, without its jitter; null: paused, or never again. */
  nextAt: time,
  /** The next five. */
  next: z.array(z.iso.datetime()),
  lastOccurrence: occurrenceView.nullable(),
});

export type ScheduleView = z.infer<typeof scheduleView>;

const noOptions = {
  priority: null,
  maxAttempts: null,
  maxCrashes: null,
  timeoutMs: null,
  onInterrupt: null,
  maxTurns: null,
  maxTokens: null,
  maxCostUsd: null,
  fallback: null,
} as const;

function viewOptions({ jobOptions }: ScheduleRecord): JobOptions & { readonly fallback?: string[] } {
  const { fallback, ...options } = readJobOptions(jobOptions);
  return fallback === undefined ? options : { ...options, fallback: [...fallback] };
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function viewOccurrence(occurrence: OccurrenceRecord): OccurrenceView {
  const { scheduleId, dueAt, state, jobId, reason, decidedAt, endedAt } = occurrence;
  return {
    scheduleId,
    dueAt: new Date(dueAt).toISOString(),
    state,
    jobId,
    reason,
    decidedAt: iso(decidedAt),
    endedAt: iso(endedAt),
  };
}

const mostNext = 5;

/** The next times, ms since the epoch, the first of them with it. */
export function nextFew(schedule: ScheduleRecord, calendar: Calendar): number[] {
  const found: number[] = [];
  for (let at = schedule.nextAt; at !== null && found.length < mostNext; at = calendar.next(schedule, at))
    found.push(at);
  return found;
}

/** `home`: absolute path of the state directory. */
export function viewSchedule(
  schedule: ScheduleRecord,
  ledger: Ledger,
  calendar: Calendar,
  home: string,
): ScheduleView {
  const last = ledger.occurrences.last(schedule.id);
  const { id, name, kind, spec, timeZone, catchUp, catchUpWindowMs, overlap, jitterMs } = schedule;
  const { pausedBy, pauseAfter, failures, origin, source, prompt, lane, executor, session, notify } =
    schedule;
  return {
    ...{ id, name, kind, spec, timeZone, catchUp, catchUpWindowMs, overlap, jitterMs },
    enabled: pausedBy === null,
    ...{ pausedBy, pauseAfter, failures, origin, source, prompt, lane, executor, session },
    cwd: schedule.cwd === null ? null : resolve(home, schedule.cwd),
    notify,
    activeHours: schedule.activeHours,
    quiet: schedule.quiet,
    ...noOptions,
    ...viewOptions(schedule),
    createdAt: iso(schedule.createdAt),
    nextAt: iso(schedule.nextAt),
    next: nextFew(schedule, calendar).map((at) => new Date(at).toISOString()),
    lastOccurrence: last === null ? null : viewOccurrence(last),
  };
}
