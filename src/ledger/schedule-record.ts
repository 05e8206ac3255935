// Rows of `schedules` and `occurrences` as values.

import type { SQLOutputValue } from 'node:sqlite';
import type { JobId, ScheduleId } from '../core/ids.ts';
import type {
  CatchUp,
  OccurrenceState,
  Overlap,
  ScheduleKind,
  ScheduleRules,
  Timing,
} from '../core/schedule.ts';

export type Origin = 'file' | 'made' | 'reminder';
export type PausedBy = 'person' | 'failures' | 'config';

export interface ScheduleRecord extends ScheduleRules, Timing {
  readonly activeHours: string | null;
  readonly seq: number;
  readonly id: ScheduleId;
  readonly name: string;
  readonly origin: Origin;
  readonly source: string;
  readonly byOwner: boolean;
  readonly pausedBy: PausedBy | null;
  /** In a row. */
  readonly failures: number;
  readonly decidedAt: number;
  readonly missedUntil: number;
  readonly nextAt: number | null;
  readonly fireAt: number | null;
  readonly createdAt: number;
  readonly removedAt: number | null;
}

export interface OccurrenceRecord {
  readonly seq: number;
  readonly scheduleId: ScheduleId;
  readonly dueAt: number;
  readonly state: OccurrenceState;
  readonly jobId: JobId | null;
  readonly reason: string | null;
  readonly decidedAt: number;
  readonly endedAt: number | null;
  readonly unseen: boolean;
}

type Row = Record<string, SQLOutputValue>;
const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const integer = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

export function scheduleFromRow(row: Row): ScheduleRecord {
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as ScheduleId,
    name: String(row['name']),
    origin: String(row['origin']) as Origin,
    source: String(row['source']),
    byOwner: row['by_owner'] === 1,
    kind: String(row['kind']) as ScheduleKind,
    spec: String(row['spec']),
    timeZone: String(row['time_zone']),
    anchorAt: Number(row['anchor_at']),
    catchUp: String(row['catch_up']) as CatchUp,
    catchUpWindowMs: Number(row['window_ms']),
    overlap: String(row['overlap']) as Overlap,
    jitterMs: Number(row['jitter_ms']),
    pauseAfter: Number(row['pause_after']),
    says: row['says'] === 1,
    prompt: String(row['prompt']),
    executor: text(row['executor']),
    lane: text(row['lane']),
    session: text(row['session']),
    cwd: text(row['cwd']),
    notify: text(row['notify']),
    activeHours: text(row['hours']),
    quiet: text(row['quiet']),
    jobOptions: text(row['job_options']),
    pausedBy: text(row['paused_by']) as PausedBy | null,
    failures: Number(row['failures']),
    decidedAt: Number(row['decided_at']),
    missedUntil: Number(row['missed_until']),
    nextAt: integer(row['next_at']),
    fireAt: integer(row['fire_at']),
    createdAt: Number(row['created_at']),
    removedAt: integer(row['removed_at']),
  };
}

export function occurrenceFromRow(row: Row): OccurrenceRecord {
  return {
    seq: Number(row['seq']),
    scheduleId: String(row['schedule_id']) as ScheduleId,
    dueAt: Number(row['due_at']),
    state: String(row['state']) as OccurrenceState,
    jobId: text(row['job_id']) as JobId | null,
    reason: text(row['reason']),
    decidedAt: Number(row['decided_at']),
    endedAt: integer(row['ended_at']),
    unseen: row['unseen'] === 1,
  };
}
