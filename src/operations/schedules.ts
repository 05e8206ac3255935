// Operations on schedules: make, look, change, pause, run, remove.

import { randomFillSync } from 'node:crypto';
import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { createChance, newScheduleId, type ScheduleId } from '../core/ids.ts';
import type { Prepare } from '../intake/intake.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import { parseMoment, type ScheduleRules } from '../core/schedule.ts';
import { tellMoment } from '../reminders/tell.ts';
import type { Calendar } from '../scheduler/calendar.ts';
import { isTimingOther, wholeSecond } from '../scheduler/file-schedules.ts';
import { nextTimes } from '../scheduler/look.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { fromDigits } from './from-digits.ts';
import { defineOperation, type Caller, type Operation } from './operation.ts';
import { isMade, makerOf, refuseChoices, requireMade, requireModest } from './own.ts';
import {
  changedRules,
  checkRunNow,
  checkTask,
  isByOwner,
  ruleFields,
  type RuleChanges,
} from './schedule-rules.ts';
import {
  occurrenceView,
  scheduleView,
  viewOccurrence,
  viewSchedule,
  type ScheduleView,
} from './schedule-view.ts';

export interface ScheduleOperationsOptions {
  readonly ledger: Ledger;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly prepare: Prepare;
  readonly scheduler: Scheduler;
}

/** What a run may say of a schedule beside its name: when, and the task. */
const saidByRuns: ReadonlySet<string> = new Set([
  'kind',
  'spec',
  'timeZone',
  'prompt',
  'catchUp',
  'overlap',
  'activeHours',
  'quiet',
]);

const idInput = z.strictObject({ id: z.string().min(1).max(64) });
const oneSchedule = z.object({ schedule: scheduleView });
const nameInput = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'is not a name (lower case letters, digits, - and _, at most 64)');

export function createScheduleIds(): (now: number) => ScheduleId {
  const chance = createChance(randomFillSync);
  return (now) => newScheduleId(now, chance(now));
}

export function scheduleOperations(options: ScheduleOperationsOptions): readonly Operation[] {
  const { ledger, home, prepare, scheduler } = options;
  const newId = createScheduleIds();
  const show = async (schedule: ScheduleRecord): Promise<{ schedule: ScheduleView }> => ({
    schedule: viewSchedule(schedule, ledger, await scheduler.calendar(), home),
  });

  const find = (id: string, caller: Caller): ScheduleRecord => {
    const schedule = ledger.schedules.get(id);
    requireMade(ledger, caller, schedule);
    return schedule;
  };

  /** A run's schedule makes turns of its own session, with nothing chosen; its task is all it says. HOMER_SCOPE_MISSING. */
  const placeOfRun = (caller: Caller, said: RuleChanges): Partial<ScheduleRules> => {
    const { run } = caller;
    if (run === undefined) return {};
    const choices = Object.entries(said).filter(([field]) => !saidByRuns.has(field));
    refuseChoices(caller, Object.fromEntries(choices));
    const { sessionId } = ledger.jobs.get(run.jobId);
    if (sessionId !== null) return { session: sessionId };
    throw new HomerError('HOMER_SCOPE_MISSING', 'Only a turn of a session may schedule further ones.', {
      hint: 'Begin it with `homer run -s NAME`, or let a person make the schedule.',
    });
  };

  return [
    defineOperation({
      name: 'schedules.list',
      input: z.strictObject({}),
      output: z.object({ schedules: z.array(scheduleView) }),
      async handle(_input, caller) {
        const calendar = await scheduler.calendar();
        const schedules = ledger.schedules
          .list()
          .filter((each) => each.origin !== 'reminder' && isMade(ledger, caller, each))
          .map((each) => viewSchedule(each, ledger, calendar, home));
        return { output: { schedules } };
      },
    }),
    defineOperation({
      name: 'schedules.create',
      input: z.strictObject({
        name: nameInput.optional(),
        ...ruleFields,
        key: z.string().refine(isIdempotencyKey, keyRule).optional(),
      }),
      output: oneSchedule,
      async handle({ name, key, enabled = true, ...said }, caller) {
        const source = makerOf(ledger, caller);
        const known = key === undefined ? null : ledger.schedules.findRequested(source, key);
        if (known !== null) return { output: await show(known) };
        const calendar = await scheduler.calendar();
        const byOwner = isByOwner(caller);
        const rules = { ...changedRules(null, said), ...placeOfRun(caller, said) };
        checkRules(calendar, rules, prepare, byOwner);
        const now = ledger.now();
        refusePast(calendar, rules, now);
        requireModest(ledger, calendar, caller, { ...rules, anchorAt: wholeSecond(now) }, now);
        const made = await ledger.commit(() => {
          const again = key === undefined ? null : ledger.schedules.findRequested(source, key);
          if (again !== null) return again;
          const id = newId(now);
          const common = { origin: 'made', source, byOwner, requestKey: key ?? null } as const;
          const draft = {
            id,
            name: name ?? `schedule-${id.slice(-6)}`,
            ...common,
            rules,
            anchorAt: wholeSecond(now),
          };
          const schedule = ledger.schedules.create(draft, now);
          if (!enabled) ledger.schedules.setPaused(schedule, 'person', now);
          return place(ledger, calendar, schedule.id, now);
        });
        return { output: await show(made) };
      },
    }),
    defineOperation({
      name: 'schedules.get',
      input: idInput,
      output: oneSchedule,
      async handle({ id }, caller) {
        return { output: await show(find(id, caller)) };
      },
    }),
    defineOperation({
      name: 'schedules.change',
      input: z.strictObject({
        id: z.string().min(1).max(64),
        name: nameInput.optional(),
        ...z.object(ruleFields).partial().shape,
      }),
      output: oneSchedule,
      async handle({ id, name, enabled, ...said }, caller) {
        const calendar = await scheduler.calendar();
        const byOwner = isByOwner(caller);
        const changed = await ledger.commit(() => {
          const now = ledger.now();
          const before = ledger.schedules.get(id);
          refuseFixed(before);
          const rules = changedRules(before, said);
          // Somebody else's change of what the owner made is not the owner's.
          const stays = before.byOwner && byOwner;
          checkRules(calendar, rules, prepare, stays);
          const isOther = isTimingOther(before, rules);
          if (isOther) refusePast(calendar, rules, now);
          const fresh = isOther ? { anchorAt: wholeSecond(now), decidedAt: now } : null;
          let schedule = ledger.schedules.change(before, rules, stays, fresh, now);
          if (name !== undefined && name !== before.name) schedule = ledger.schedules.rename(schedule, name);
          if (enabled !== undefined) ledger.schedules.setPaused(schedule, enabled ? null : 'person', now);
          const isBack = enabled === true && before.pausedBy !== null;
          return place(ledger, calendar, schedule.id, isBack || isOther ? now : before.decidedAt);
        });
        return { output: await show(changed) };
      },
    }),
    defineOperation({
      name: 'schedules.remove',
      input: idInput,
      output: oneSchedule,
      async handle({ id }, caller) {
        const shown = await show(find(id, caller));
        await ledger.commit(() => {
          const schedule = find(id, caller);
          refuseFixed(schedule);
          ledger.schedules.remove(schedule, ledger.now());
        });
        return { output: shown };
      },
    }),
    defineOperation({
      name: 'schedules.pause',
      input: idInput,
      output: oneSchedule,
      async handle({ id }, caller) {
        const calendar = await scheduler.calendar();
        const paused = await ledger.commit(() => {
          const schedule = find(id, caller);
          ledger.schedules.setPaused(schedule, 'person', ledger.now());
          return place(ledger, calendar, schedule.id, schedule.decidedAt);
        });
        return { output: await show(paused) };
      },
    }),
    defineOperation({
      name: 'schedules.resume',
      input: idInput,
      output: oneSchedule,
      async handle({ id }, caller) {
        const calendar = await scheduler.calendar();
        const resumed = await ledger.commit(() => {
          const schedule = find(id, caller);
          if (schedule.pausedBy === null) return schedule;
          if (schedule.pausedBy === 'config')
            throw new HomerError('HOMER_SCHEDULE_FIXED', `"${schedule.name}" is not enabled in config.yaml.`);
          const now = ledger.now();
          ledger.schedules.setPaused(schedule, null, now);
          const back = place(ledger, calendar, schedule.id, now);
          if (back.nextAt === null)
            throw new HomerError('HOMER_SCHEDULE_OVER', `"${schedule.name}" is never due again.`);
          return back;
        });
        return { output: await show(resumed) };
      },
    }),
    defineOperation({
      name: 'schedules.run',
      input: idInput,
      output: z.object({ schedule: scheduleView, occurrence: occurrenceView }),
      async handle({ id }, caller) {
        const wanted = ledger.schedules.get(id);
        if (wanted.byOwner && !isByOwner(caller)) checkRunNow(options, wanted, caller);
        const { schedule, dueAt } = await scheduler.runNow(wanted.id);
        const occurrence = ledger.occurrences.find(schedule.id, dueAt);
        if (occurrence === null) throw new Error('the occurrence that was just written is not there');
        return { output: { ...(await show(schedule)), occurrence: viewOccurrence(occurrence) }, status: 202 };
      },
    }),
    defineOperation({
      name: 'schedules.occurrences',
      input: z.strictObject({
        id: z.string().min(1).max(64),
        limit: z.preprocess(fromDigits, z.int().min(1).max(500)).default(50),
        cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
      }),
      output: z.object({ occurrences: z.array(occurrenceView), nextCursor: z.string().nullable() }),
      async handle({ id, limit, cursor }) {
        const schedule = ledger.schedules.get(id);
        const found = ledger.occurrences.list(schedule.id, limit + 1, cursor);
        const shown = found.slice(0, limit);
        const last = found.length > limit ? shown.at(-1) : undefined;
        return {
          output: {
            occurrences: shown.map(viewOccurrence),
            nextCursor: last === undefined ? null : String(last.dueAt),
          },
        };
      },
    }),
  ];
}

/** Inside a transaction: says when it is due next, after `decidedAt`. */
export function place(ledger: Ledger, calendar: Calendar, id: ScheduleId, decidedAt: number): ScheduleRecord {
  const schedule = ledger.schedules.get(id);
  ledger.schedules.place(schedule, decidedAt, nextTimes(calendar, schedule, decidedAt));
  return ledger.schedules.get(id);
}

/** HOMER_SCHEDULE_PAST and HOMER_SCHEDULE_INVALID for a rule that is never due. */
export function refusePast(calendar: Calendar, rules: ScheduleRules, now: number): void {
  if (calendar.next({ ...rules, anchorAt: wholeSecond(now) }, now) !== null) return;
  const { kind, spec, timeZone } = rules;
  if (kind !== 'at') throw new HomerError('HOMER_SCHEDULE_INVALID', `"${spec}" is never due.`);
  throw new HomerError(
    'HOMER_SCHEDULE_PAST',
    `That was on ${tellMoment(parseMoment(spec) ?? now, timeZone)}.`,
  );
}

function checkRules(calendar: Calendar, rules: ScheduleRules, prepare: Prepare, byOwner: boolean): void {
  calendar.check({ ...rules, anchorAt: 0 });
  checkTask(prepare, rules, byOwner);
}

function refuseFixed({ name, origin }: ScheduleRecord): void {
  if (origin === 'file') throw new HomerError('HOMER_SCHEDULE_FIXED', `"${name}" stands in config.yaml.`);
}
