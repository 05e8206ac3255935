// The `schedules` of config.yaml: what may stand there, and the value that is made of it.

import { z } from 'zod';
import { parseTarget, targetRule } from '../core/delivery.ts';
import {
  catchUpChoices,
  hoursProblem,
  writeJobOptions,
  normalSpec,
  overlapChoices,
  parseMoment,
  scheduleDefaults,
  timingProblem,
  type ScheduleRules,
} from '../core/schedule.ts';
import { onInterruptChoices, priorityRange } from '../core/job.ts';
import { parseSpan } from '../core/span.ts';
import { isTimeZone, localTimeZone } from '../core/wall-clock.ts';
import type { Finding } from './problem.ts';

/** `cwd`: with `~` expanded. One of the file is always the task of a job. */
export interface ScheduleConfig extends Omit<ScheduleRules, 'says'> {
  readonly enabled: boolean;
}

const span = z
  .string()
  .refine((text) => parseSpan(text) !== null, 'is not a time like "90s", "30m", "1h" or "7d"');
const short = z.string().min(1).max(64);
const rule = z.string().min(1).max(200);

const shape = {
  at: rule.optional(),
  every: rule.optional(),
  cron: rule.optional(),
  timeZone: z.string().refine(isTimeZone, 'is not a time zone like "Europe/Berlin"').optional(),
  catchUp: z.enum(catchUpChoices as ['skip', 'once', 'all']).optional(),
  catchUpWindow: span.optional(),
  overlap: z.enum(overlapChoices as ['skip', 'queue', 'replace']).optional(),
  jitter: span.optional(),
  pauseAfter: z.int().min(0).max(1_000).optional(),
  enabled: z.boolean().optional(),
  prompt: z.string().min(1).max(100_000),
  executor: short.optional(),
  lane: short.optional(),
  session: short.optional(),
  cwd: z
    .string()
    .regex(/^(?:\/|~(?:\/|$))/, 'is not an absolute path (or one that starts with ~/)')
    .optional(),
  notify: z
    .string()
    .refine((text) => parseTarget(text) !== null, targetRule)
    .optional(),
  activeHours: rule.optional(),
  quiet: z.string().min(1).max(100).optional(),
  priority: z.int().min(priorityRange.min).max(priorityRange.max).optional(),
  maxAttempts: z.int().min(1).max(100).optional(),
  maxCrashes: z.int().min(1).max(100).optional(),
  timeoutMs: z.int().min(1_000).max(2_147_483_647).optional(),
  onInterrupt: z.enum(onInterruptChoices as ['resume', 'ask', 'retry', 'fail']).optional(),
  maxTurns: z.int().min(1).max(1_000_000).optional(),
  maxTokens: z.int().min(1).max(1_000_000_000_000).optional(),
  maxCostUsd: z.number().positive().max(1_000_000).optional(),
  fallback: z.array(short).max(8).optional(),
};

const kinds = ['at', 'every', 'cron'] as const;

const schedule = z
  .strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `is not a known key; known here: ${Object.keys(shape).join(', ')}`
        : undefined,
  })
  .superRefine((value, context) => {
    const given = kinds.filter((kind) => value[kind] !== undefined);
    const [kind, other] = given;
    if (kind === undefined || other !== undefined) {
      context.addIssue({
        code: 'custom',
        path: other === undefined ? [] : [other],
        message: 'needs one of at, every and cron, and only one',
      });
      return;
    }
    const timeZone = value.timeZone ?? localTimeZone();
    const problem = isTimeZone(timeZone)
      ? timingProblem(kind, normalSpec(kind, value[kind] ?? '', timeZone), timeZone)
      : null;
    if (problem !== null) context.addIssue({ code: 'custom', path: [kind], message: problem });
    const ofHours = hoursProblem(kind, value[kind] ?? '', value.activeHours ?? null);
    if (ofHours !== null) context.addIssue({ code: 'custom', path: ['activeHours'], message: ofHours });
  });

/** By name; a file of schedules, each with its rule and its task. */
export const schedulesSchema = z.record(
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'is not a name (lower case letters, digits, - and _, at most 64)'),
  schedule,
);

/** Schedules that are due once, and whose time has passed; `now`: ms since the epoch. */
export function findPastSchedules(file: z.output<typeof schedulesSchema>, now: number): Finding[] {
  return Object.entries(file).flatMap(([name, { at, timeZone = localTimeZone(), enabled = true }]) => {
    const moment = at === undefined || !enabled ? null : parseMoment(normalSpec('at', at, timeZone));
    if (moment === null || moment > now) return [];
    return [{ path: ['schedules', name, 'at'], at: 'value', message: 'has passed; it is not due any more' }];
  });
}

/** Defaults filled in; `expand` is what `~` stands for. */
export function buildSchedules(
  file: z.output<typeof schedulesSchema>,
  expand: (path: string) => string,
): Readonly<Record<string, ScheduleConfig>> {
  const built = Object.create(null) as Record<string, ScheduleConfig>;
  for (const [name, written] of Object.entries(file)) {
    const kind = kinds.find((each) => written[each] !== undefined) ?? 'cron';
    const timeZone = written.timeZone ?? localTimeZone();
    built[name] = {
      kind,
      spec: normalSpec(kind, written[kind] ?? '', timeZone),
      timeZone,
      catchUp: written.catchUp ?? scheduleDefaults.catchUp,
      catchUpWindowMs: parseSpan(written.catchUpWindow ?? '') ?? scheduleDefaults.catchUpWindowMs,
      overlap: written.overlap ?? scheduleDefaults.overlap,
      jitterMs: parseSpan(written.jitter ?? '') ?? scheduleDefaults.jitterMs,
      pauseAfter: written.pauseAfter ?? scheduleDefaults.pauseAfter,
      enabled: written.enabled ?? true,
      prompt: written.prompt,
      executor: written.executor ?? null,
      lane: written.lane ?? null,
      session: written.session ?? null,
      cwd: written.cwd === undefined ? null : expand(written.cwd),
      notify: written.notify ?? null,
      activeHours: written.activeHours ?? null,
      quiet: written.quiet ?? null,
      jobOptions: writeJobOptions(written),
    };
  }
  return built;
}
