// A schedule is a rule in time; an occurrence is one of its due times. The vocabulary, and the times of rules that need no calendar.

import { isActive, nextOpening, parseActiveHours } from './active-hours.ts';
import { cronProblem } from './cron-fields.ts';
import type { OnInterrupt } from './job.ts';
import { daysIn, isTimeZone, momentOf, plusDays, wallAt } from './wall-clock.ts';

export type ScheduleKind = 'at' | 'every' | 'cron';
export const scheduleKinds: readonly ScheduleKind[] = ['at', 'every', 'cron'];

/** What is made up for after a time in which nothing could fire: nothing, the newest due time, or all. */
export type CatchUp = 'skip' | 'once' | 'all';
export const catchUpChoices: readonly CatchUp[] = ['skip', 'once', 'all'];

/** What becomes of an occurrence whose predecessor has not ended. */
export type Overlap = 'skip' | 'queue' | 'replace';
export const overlapChoices: readonly Overlap[] = ['skip', 'queue', 'replace'];

/** `pending` until its job, or its message, has come to an end. */
export type OccurrenceState = 'pending' | 'ran' | 'failed' | 'skipped' | 'missed' | 'delivery_failed';
export const occurrenceStates: readonly OccurrenceState[] = [
  'pending',
  'ran',
  'failed',
  'skipped',
  'missed',
  'delivery_failed',
];

export const scheduleDefaults = {
  catchUp: 'once',
  catchUpWindowMs: 7 * 86_400_000,
  overlap: 'skip',
  jitterMs: 0,
  pauseAfter: 5,
} as const;

/** When a schedule is due. */
export interface Timing {
  readonly kind: ScheduleKind;
  /** `at`: ISO 8601 with its offset; `every`: a span such as `90s`, `2h`, `1d`; `cron`: five or six fields. */
  readonly spec: string;
  readonly timeZone: string;
  /** `every` counts from here, ms since the epoch. */
  readonly anchorAt: number;
  /** Times of day of the zone, such as `08:00-22:00`, outside of which `every` is not due; none: it always is. */
  readonly activeHours?: string | null;
}

/** What a schedule does, and how it treats its due times; all of it can be changed. */
export interface ScheduleRules extends Omit<Timing, 'anchorAt'> {
  readonly activeHours: string | null;
  readonly catchUp: CatchUp;
  readonly catchUpWindowMs: number;
  readonly overlap: Overlap;
  readonly jitterMs: number;
  /** Failures in a row after which it is paused; 0: never. */
  readonly pauseAfter: number;
  /** Its prompt is said to a person instead of being the task of a job. */
  readonly says: boolean;
  readonly prompt: string;
  /** null: what intake chooses. */
  readonly executor: string | null;
  readonly lane: string | null;
  readonly session: string | null;
  readonly cwd: string | null;
  /** Where results or messages go, such as `telegram:123456`. */
  readonly notify: string | null;
  /** A result that says just this has nothing to say, and is told to nobody; null: every result is told. */
  readonly quiet: string | null;
  /** What else its jobs are told, as JSON of `JobOptions`; null: nothing. */
  readonly jobOptions: string | null;
}

/** What a job may be told beside its task and place; the same words as of `POST /jobs`. */
export interface JobOptions {
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly maxCrashes?: number;
  readonly timeoutMs?: number;
  readonly onInterrupt?: OnInterrupt;
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  readonly maxCostUsd?: number;
  readonly fallback?: readonly string[];
}

export const jobOptionNames = [
  'priority',
  'maxAttempts',
  'maxCrashes',
  'timeoutMs',
  'onInterrupt',
  'maxTurns',
  'maxTokens',
  'maxCostUsd',
  'fallback',
] as const satisfies readonly (keyof JobOptions)[];

/** Always the same text for the same options, whatever else stands beside them; null: there are none. */
export function writeJobOptions(
  options: Readonly<Partial<Record<keyof JobOptions, unknown>>>,
): string | null {
  const given = jobOptionNames.flatMap((name) =>
    options[name] === undefined || options[name] === null ? [] : [[name, options[name]] as const],
  );
  return given.length === 0 ? null : JSON.stringify(Object.fromEntries(given));
}

export function readJobOptions(json: string | null): JobOptions {
  return json === null ? {} : (JSON.parse(json) as JobOptions);
}

export interface Step {
  readonly count: number;
  readonly unit: 's' | 'm' | 'h' | 'd' | 'w';
}

const stepMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** Ten years. */
const longestStepMs = 3_652 * 86_400_000;

/** Reads `90s`, `30m`, `2h`, `1d`, `2w`; null when the text is none of these, or more than ten years. */
export function parseStep(text: string): Step | null {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const count = Number(digits);
  if (count < 1) return null;
  const step: Step = { count, unit: unit as Step['unit'] };
  return count * stepMs[step.unit] <= longestStepMs ? step : null;
}

/** Reads ISO 8601 with an offset or `Z`, ms since the epoch; null for anything else, also for a day that there is not. */
export function parseMoment(text: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return null;
  const at = Date.parse(text);
  const [, year, month, day] = match.map(Number);
  const isReal = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day)).getUTCDate() === day;
  return Number.isNaN(at) || !isReal ? null : at;
}

/** Also takes `2026-12-24 18:00` on the clock of the zone, and makes a moment of it; anything else stays as it is. */
export function normalSpec(kind: ScheduleKind, spec: string, timeZone: string): string {
  const trimmed = spec.trim().replace(/\s+/g, ' ');
  const local = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?$/.exec(trimmed);
  if (kind !== 'at' || local === null || !isTimeZone(timeZone)) return trimmed;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = local
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  const isReal = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!isReal || hour > 23 || minute > 59 || second > 59) return trimmed;
  return new Date(momentOf({ year, month, day, hour, minute, second }, timeZone).at).toISOString();
}

/** Null when the rule can be followed, else what is wrong, to stand behind the spec. */
export function timingProblem(kind: ScheduleKind, spec: string, timeZone: string): string | null {
  if (!isTimeZone(timeZone))
    return `has the time zone "${timeZone.slice(0, 64)}", which is none (like Europe/Berlin)`;
  if (kind === 'cron') return cronProblem(spec);
  if (kind === 'every')
    return parseStep(spec) === null ? 'is not a time like "90s", "30m", "2h", "1d" or "2w"' : null;
  return parseMoment(spec) === null
    ? 'is not a date and time like "2026-12-24T18:00:00+01:00" (with an offset, or Z)'
    : null;
}

/** Null when these hours can be kept, else what is wrong with them. */
export function hoursProblem(kind: ScheduleKind, spec: string, activeHours: string | null): string | null {
  if (activeHours === null) return null;
  if (parseActiveHours(activeHours) === null) return 'are no times of day like "08:00-22:00"';
  const step = kind === 'every' ? parseStep(spec) : null;
  if (step === null) return 'go with `every`; a cron expression names its hours itself';
  return step.unit === 's' && step.count < 60 ? 'go with a minute or more between two' : null;
}

/** The first due time after `after` of a rule that is not `cron`; null: there is none any more. */
export function nextPlain(timing: Timing, after: number): number | null {
  if (timing.kind === 'at') {
    const at = parseMoment(timing.spec);
    return at !== null && at > after ? at : null;
  }
  const step = parseStep(timing.spec);
  if (step === null) return null;
  return nextActive(timing, step, timeOf(timing, step, indexAfter(timing, step, after)));
}

/** A rule whose times never fall into its hours is not looked for in vain for ever. */
const mostDaysLooked = 400;

/** The due time, or the first one after it that is within the hours. */
function nextActive(timing: Timing, step: Step, due: number): number | null {
  const { activeHours, timeZone } = timing;
  const hours = typeof activeHours === 'string' ? parseActiveHours(activeHours) : null;
  let at = due;
  for (let days = 0; hours !== null && !isActive(at, hours, timeZone); days++) {
    if (days === mostDaysLooked) return null;
    at = timeOf(timing, step, indexAfter(timing, step, nextOpening(at, hours, timeZone) - 1));
  }
  return at;
}

/** The newest due times in (after, until], at most `limit`, oldest first; for rules that are not `cron`. */
export function plainBetween(timing: Timing, after: number, until: number, limit: number): number[] {
  if (timing.kind === 'at') {
    const at = nextPlain(timing, after);
    return at !== null && at <= until ? [at] : [];
  }
  const step = parseStep(timing.spec);
  if (step === null || until <= after) return [];
  if (typeof timing.activeHours === 'string') {
    const active: number[] = [];
    for (let at = nextPlain(timing, after); at !== null && at <= until; at = nextPlain(timing, at)) {
      active.push(at);
      if (active.length > limit) active.shift();
    }
    return active;
  }
  const first = indexAfter(timing, step, after);
  const end = indexAfter(timing, step, until);
  const found: number[] = [];
  for (let index = Math.max(first, end - limit); index < end; index++)
    found.push(timeOf(timing, step, index));
  return found;
}

/** Days and weeks are those of the calendar: the time of day stays what it is when the clocks change. */
function timeOf({ anchorAt, timeZone }: Timing, { count, unit }: Step, index: number): number {
  if (unit !== 'd' && unit !== 'w') return anchorAt + index * count * stepMs[unit];
  if (index === 0) return anchorAt;
  const days = index * count * (unit === 'w' ? 7 : 1);
  return momentOf(plusDays(wallAt(anchorAt, timeZone), days), timeZone).at;
}

function indexAfter(timing: Timing, step: Step, after: number): number {
  const span = step.count * stepMs[step.unit];
  let index = Math.max(0, Math.floor((after - timing.anchorAt) / span) - 1);
  while (timeOf(timing, step, index) <= after) index++;
  return index;
}

/**
 * How long after its due time an occurrence fires: between 0 and `jitterMs`, always the same for the same occurrence. FNV-1a, which
 * spreads well enough for this and needs nothing.
 */
export function jitterOf(scheduleId: string, dueAt: number, jitterMs: number): number {
  if (jitterMs <= 0) return 0;
  let hash = 0x811c9dc5;
  for (const character of `${scheduleId}@${dueAt}`) {
    hash ^= character.charCodeAt(0);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 15;
  return Math.floor(((Math.imul(hash, 0x2c1b3c6d) >>> 0) / 2 ** 32) * (jitterMs + 1));
}
