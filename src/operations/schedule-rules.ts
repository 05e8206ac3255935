// What may be said of a schedule, and what is made of it: shared by schedules and reminders.

import { z } from 'zod';
import { parseTarget, targetRule } from '../core/delivery.ts';
import {
  catchUpChoices,
  jobOptionNames,
  readJobOptions,
  writeJobOptions,
  type JobOptions,
  normalSpec,
  overlapChoices,
  scheduleDefaults,
  scheduleKinds,
  type CatchUp,
  type Overlap,
  type ScheduleKind,
} from '../core/schedule.ts';
import { isTimeZone, localTimeZone } from '../core/wall-clock.ts';
import { isToldTo } from '../intake/again.ts';
import type { Prepare } from '../intake/intake.ts';
import type { Sender } from '../intake/place.ts';
import { checkMember } from '../intake/session.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import type { ScheduleRules } from '../core/schedule.ts';
import { limitFields, trialFields } from './limit-fields.ts';
import type { Caller } from './operation.ts';

const yearMs = 366 * 86_400_000;
const short = z.string().min(1).max(64);

export const zoneInput = z.string().refine(isTimeZone, 'is not a time zone like "Europe/Berlin"');

/** What a schedule of any kind may be told to do with; null takes it away again. */
export const taskFields = {
  executor: short.nullable().optional(),
  lane: short.nullable().optional(),
  session: short.nullable().optional(),
  cwd: z.string().min(1).max(4096).nullable().optional(),
  notify: z
    .string()
    .refine((text) => parseTarget(text) !== null, targetRule)
    .nullable()
    .optional(),
};

/** What a schedule may tell its jobs beside their task; null takes it away again. */
const jobOptionFields = z.object({ ...trialFields, ...limitFields });
const nullableOptions = Object.fromEntries(
  Object.entries(jobOptionFields.shape).map(([name, field]) => [name, field.nullable()]),
) as { [Name in keyof typeof jobOptionFields.shape]: z.ZodNullable<(typeof jobOptionFields.shape)[Name]> };

export const ruleFields = {
  kind: z.enum(scheduleKinds as readonly [ScheduleKind, ...ScheduleKind[]]),
  spec: z
    .string()
    .min(1)
    .max(200)
    .meta({ examples: ['0 8 * * 1-5', '30m', '2026-12-24T18:00:00+01:00'] }),
  prompt: z.string().min(1).max(100_000),
  timeZone: zoneInput.optional(),
  catchUp: z.enum(catchUpChoices as readonly [CatchUp, ...CatchUp[]]).optional(),
  catchUpWindowMs: z.int().min(0).max(yearMs).optional(),
  overlap: z.enum(overlapChoices as readonly [Overlap, ...Overlap[]]).optional(),
  jitterMs: z.int().min(0).max(86_400_000).optional(),
  pauseAfter: z.int().min(0).max(1_000).optional(),
  enabled: z.boolean().optional(),
  /** With `every`: times of day outside of which it is not due. */
  activeHours: z
    .string()
    .max(11)
    .nullable()
    .optional()
    .meta({ examples: ['08:00-22:00'] }),
  /** A result that says just this is told to nobody. */
  quiet: z.string().min(1).max(100).nullable().optional(),
  ...nullableOptions,
  ...taskFields,
};

const changes = z.object(ruleFields).partial();
export type RuleChanges = z.infer<typeof changes>;

/** `before` with what was said put over it; where nothing was before, the defaults. */
export function changedRules(before: ScheduleRules | null, said: RuleChanges): ScheduleRules {
  const kept = <Key extends keyof RuleChanges & keyof ScheduleRules>(
    key: Key,
    otherwise: ScheduleRules[Key],
  ): ScheduleRules[Key] =>
    said[key] === undefined ? (before?.[key] ?? otherwise) : (said[key] as ScheduleRules[Key]);
  const kind = kept('kind', 'at');
  const timeZone = kept('timeZone', localTimeZone());
  return {
    kind,
    spec: said.spec === undefined ? (before?.spec ?? '') : normalSpec(kind, said.spec, timeZone),
    timeZone,
    catchUp: kept('catchUp', scheduleDefaults.catchUp),
    catchUpWindowMs: kept('catchUpWindowMs', scheduleDefaults.catchUpWindowMs),
    overlap: kept('overlap', scheduleDefaults.overlap),
    jitterMs: kept('jitterMs', scheduleDefaults.jitterMs),
    pauseAfter: kept('pauseAfter', scheduleDefaults.pauseAfter),
    says: before?.says ?? false,
    prompt: kept('prompt', ''),
    executor: kept('executor', null),
    lane: kept('lane', null),
    session: kept('session', null),
    cwd: kept('cwd', null),
    notify: kept('notify', null),
    activeHours: kept('activeHours', null),
    quiet: kept('quiet', null),
    jobOptions: writeJobOptions({ ...readJobOptions(before?.jobOptions ?? null), ...optionsSaid(said) }),
  };
}

function optionsSaid(said: RuleChanges): Partial<Record<keyof JobOptions, unknown>> {
  return Object.fromEntries(
    jobOptionNames.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]])),
  );
}

/** Whether what the caller makes may do what only the owner may. */
export function isByOwner(caller: Caller): boolean {
  return caller.isOwner || caller.scopes.has('admin');
}

/** Refuses, with intake's codes, a task that intake would refuse when it is due; what its session says is seen only then. */
export function checkTask(prepare: Prepare, rules: ScheduleRules, byOwner: boolean): void {
  checkTaskOf(prepare, rules, { source: 'schedule', isOwner: byOwner });
}

/** Refuses somebody who could not have given the task of this schedule, and is not told of it, to have it done now. */
export function checkRunNow(
  { ledger, prepare }: { readonly ledger: Ledger; readonly prepare: Prepare },
  schedule: ScheduleRecord,
  caller: Caller,
): void {
  if (schedule.source === caller.source || isToldTo(schedule.notify, caller)) return;
  const session = schedule.session === null ? null : ledger.sessions.find(schedule.session);
  if (session !== null) checkMember(session, caller);
  checkTaskOf(prepare, schedule, caller);
}

function checkTaskOf(prepare: Prepare, rules: ScheduleRules, sender: Sender): void {
  if (rules.says || (rules.session !== null && rules.executor === null)) return;
  const { prompt, executor, lane, cwd } = rules;
  const request = {
    prompt,
    executor: executor ?? undefined,
    lane: lane ?? undefined,
    cwd: cwd ?? undefined,
    ...readJobOptions(rules.jobOptions),
  };
  prepare(request, null, sender);
}
