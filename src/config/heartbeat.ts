// The `heartbeat` of config.yaml: a check-in now and then, which is a schedule called "heartbeat" whose answer is told only when it
// says something.

import { z } from 'zod';
import { parseTarget, targetRule } from '../core/delivery.ts';
import { hoursProblem, scheduleDefaults, timingProblem } from '../core/schedule.ts';
import { isTimeZone, localTimeZone } from '../core/wall-clock.ts';
import type { Finding } from './problem.ts';
import type { ScheduleConfig } from './schedules.ts';

/** Its name among the schedules. */
export const heartbeatName = 'heartbeat';

const defaults = {
  every: '30m',
  quiet: 'HEARTBEAT_OK',
  prompt:
    'This is a periodic check-in; nobody asked for anything just now. Look whether something needs attention: where there is a ' +
    'HEARTBEAT.md in the working directory, it says what to look at. Do what it asks for and no more.',
} as const;

const short = z.string().min(1).max(64);

export const heartbeatShape = {
  every: z.string().min(1).max(10).optional(),
  prompt: z.string().min(1).max(100_000).optional(),
  executor: short.optional(),
  lane: short.optional(),
  session: short.optional(),
  cwd: z
    .string()
    .regex(/^(?:\/|~(?:\/|$))/, 'is not an absolute path (or one that starts with ~/)')
    .optional(),
  activeHours: z.string().min(1).max(11).optional(),
  timeZone: z.string().refine(isTimeZone, 'is not a time zone like "Europe/Berlin"').optional(),
  to: z
    .string()
    .refine((text) => parseTarget(text) !== null, targetRule)
    .optional(),
  quiet: z.string().min(1).max(100).optional(),
  enabled: z.boolean().optional(),
};

const schema = z.strictObject(heartbeatShape);
type FileHeartbeat = z.output<typeof schema>;

interface WithHeartbeat {
  readonly heartbeat?: FileHeartbeat | undefined;
  readonly schedules?: Readonly<Record<string, unknown>> | undefined;
}

/** Said of a file that is right otherwise. */
export function findHeartbeatProblems({ heartbeat, schedules }: WithHeartbeat): readonly Finding[] {
  if (heartbeat === undefined) return [];
  const findings: Finding[] = [];
  const complain = (key: string, message: string | null): void => {
    if (message !== null) findings.push({ path: ['heartbeat', key], at: 'value', message });
  };
  const every = heartbeat.every ?? defaults.every;
  complain('every', timingProblem('every', every, heartbeat.timeZone ?? localTimeZone()));
  complain('activeHours', hoursProblem('every', every, heartbeat.activeHours ?? null));
  if (schedules !== undefined && Object.hasOwn(schedules, heartbeatName))
    findings.push({
      path: ['schedules', heartbeatName],
      at: 'key',
      message: 'is the name of the schedule that `heartbeat` makes; choose another one',
    });
  return findings;
}

/** The schedule that it is, by its name; nothing where it is not configured. `expand` is what `~` stands for. */
export function buildHeartbeat(
  file: FileHeartbeat | undefined,
  expand: (path: string) => string,
): Readonly<Record<string, ScheduleConfig>> {
  if (file === undefined) return {};
  const quiet = file.quiet ?? defaults.quiet;
  const silence = `\n\nIf nothing needs the attention of a person, answer with ${quiet} and nothing else.`;
  return {
    [heartbeatName]: {
      ...scheduleDefaults,
      kind: 'every',
      spec: file.every ?? defaults.every,
      timeZone: file.timeZone ?? localTimeZone(),
      activeHours: file.activeHours ?? null,
      // What was due while nobody was there is due again soon enough.
      catchUp: 'skip',
      overlap: 'skip',
      enabled: file.enabled ?? true,
      prompt: `${file.prompt ?? defaults.prompt}${silence}`,
      executor: file.executor ?? null,
      lane: file.lane ?? null,
      session: file.session ?? null,
      cwd: file.cwd === undefined ? null : expand(file.cwd),
      notify: file.to ?? null,
      quiet,
      jobOptions: null,
    },
  };
}
