// Operations on reminders: said in a person's words, listed, taken back, seen.

import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { isIdempotencyKey, keyRule } from '../core/idempotency-key.ts';
import { scheduleDefaults } from '../core/schedule.ts';
import { localTimeZone } from '../core/wall-clock.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import type { ScheduleRules } from '../core/schedule.ts';
import type { Reading, ReadPhrase } from '../reminders/open.ts';
import { tellMoment, tellReading } from '../reminders/tell.ts';
import type { Calendar } from '../scheduler/calendar.ts';
import { defineOperation, type Caller, type Operation } from './operation.ts';
import { chatOf, isMade, makerOf, refuseChoices, requireMade, requireModest } from './own.ts';
import { checkTask, isByOwner, taskFields, zoneInput } from './schedule-rules.ts';
import { nextFew, occurrenceView, scheduleView, viewOccurrence, viewSchedule } from './schedule-view.ts';
import { createScheduleIds, place, type ScheduleOperationsOptions } from './schedules.ts';

const reminderView = scheduleView.extend({
  /** What it says, or the task it gives. */
  text: z.string(),
  /** It is the task of a job instead of a message. */
  does: z.boolean(),
  /** When, in full, in the reminder's own zone. */
  reading: z.string(),
  /** Its message is due and nobody has said to have seen it. */
  unseen: z.boolean(),
});

export type ReminderView = z.infer<typeof reminderView>;

const oneReminder = z.object({ reminder: reminderView });
const idInput = z.strictObject({ id: z.string().min(1).max(64) });

type Task = { readonly [Key in keyof typeof taskFields]?: string | null | undefined };

/** A message is worth a word also weeks after its time. */
const messageWindowMs = 365 * 86_400_000;
const mostUnseen = 500;

export function reminderOperations(options: ScheduleOperationsOptions): readonly Operation[] {
  const { ledger, home, prepare, scheduler } = options;
  const newId = createScheduleIds();
  let reader: Promise<ReadPhrase> | null = null;
  const openReader = (): Promise<ReadPhrase> =>
    (reader ??= import('../reminders/open.ts').then((module) => module.openReader()));

  const view = (schedule: ScheduleRecord, calendar: Calendar, leapt = false): ReminderView => {
    const last = ledger.occurrences.last(schedule.id);
    const next = nextFew(schedule, calendar);
    const shown = next.length > 0 || last === null ? next : [last.dueAt];
    return {
      ...viewSchedule(schedule, ledger, calendar, home),
      text: schedule.prompt,
      does: !schedule.says,
      reading: tellReading({ ...schedule, leapt }, shown),
      unseen: last?.unseen === true,
    };
  };

  const find = (id: string, caller: Caller): ScheduleRecord => {
    const found = ledger.schedules.find(id) ?? ledger.schedules.find(`reminder-${id}`);
    if (found?.origin === 'reminder') {
      requireMade(ledger, caller, found);
      return found;
    }
    throw new HomerError('HOMER_SCHEDULE_UNKNOWN', `There is no reminder ${JSON.stringify(id)}.`, {
      hint: '`homer remind list` lists them.',
    });
  };

  /** A run reminds in its own chat; where it has none the reminder is seen where reminders are listed. */
  const ownTask = ({ run }: Caller, task: Task): Task =>
    run === undefined ? task : { notify: chatOf(ledger, run.jobId) };

  return [
    defineOperation({
      name: 'reminders.create',
      input: z.strictObject({
        phrase: z
          .string()
          .min(1)
          .max(2_000)
          .meta({ examples: ['in 20 minutes to call Bob', 'every weekday at 8: stand up'] }),
        timeZone: zoneInput.optional(),
        /** It gives its text to an executor instead of saying it; a named executor means the same. */
        do: z.boolean().optional(),
        ...taskFields,
        key: z.string().refine(isIdempotencyKey, keyRule).optional(),
      }),
      output: oneReminder,
      async handle({ phrase, timeZone = localTimeZone(), key, do: does, ...task }, caller) {
        refuseChoices(caller, { ...task, do: does });
        const calendar = await scheduler.calendar();
        const source = makerOf(ledger, caller);
        const known = key === undefined ? null : ledger.schedules.findRequested(source, key);
        if (known !== null) return { output: { reminder: view(known, calendar) } };
        const now = ledger.now();
        const reading = settle((await openReader())(phrase, now, timeZone), calendar, now);
        const rules = rulesOf(reading, ownTask(caller, task), does ?? typeof task.executor === 'string');
        const timing = { ...rules, anchorAt: reading.anchorAt };
        calendar.check(timing);
        requireModest(ledger, calendar, caller, timing, now);
        checkTask(prepare, rules, isByOwner(caller));
        const made = await ledger.commit(() => {
          const again = key === undefined ? null : ledger.schedules.findRequested(source, key);
          if (again !== null) return again;
          const id = newId(now);
          const draft = { id, name: `reminder-${id.slice(-6)}`, rules, anchorAt: reading.anchorAt };
          const made = {
            origin: 'reminder',
            source,
            byOwner: isByOwner(caller),
            requestKey: key ?? null,
          } as const;
          ledger.schedules.create({ ...draft, ...made }, now);
          return place(ledger, calendar, id, now);
        });
        return { output: { reminder: view(made, calendar, reading.leapt) } };
      },
    }),
    defineOperation({
      name: 'reminders.list',
      input: z.strictObject({}),
      output: z.object({ reminders: z.array(reminderView) }),
      async handle(_input, caller) {
        const calendar = await scheduler.calendar();
        const reminders = ledger.schedules
          .list()
          .filter((each) => each.origin === 'reminder' && isMade(ledger, caller, each))
          .map((each) => view(each, calendar))
          // One that has been said and seen is over.
          .filter(
            ({ nextAt, pausedBy, unseen, lastOccurrence }) =>
              nextAt !== null || pausedBy !== null || unseen || lastOccurrence?.state === 'pending',
          )
          .toSorted((a, b) => ((a.nextAt ?? '') < (b.nextAt ?? '') ? -1 : 1));
        return { output: { reminders } };
      },
    }),
    defineOperation({
      name: 'reminders.remove',
      input: idInput,
      output: oneReminder,
      async handle({ id }, caller) {
        const shown = view(find(id, caller), await scheduler.calendar());
        await ledger.commit(() => {
          const now = ledger.now();
          const schedule = find(id, caller);
          ledger.schedules.remove(schedule, now);
          const last = ledger.occurrences.last(schedule.id);
          if (last !== null) ledger.occurrences.see(last, now);
        });
        return { output: { reminder: shown } };
      },
    }),
    defineOperation({
      name: 'reminders.seen',
      input: z.strictObject({ id: z.string().min(1).max(64).optional() }),
      output: z.object({ seen: z.array(occurrenceView) }),
      async handle({ id }, caller) {
        const wanted = id === undefined ? null : find(id, caller).id;
        const seen = await ledger.commit(() => {
          const now = ledger.now();
          const unseen = ledger.occurrences
            .unseen(mostUnseen)
            .filter(({ scheduleId }) => wanted === null || scheduleId === wanted);
          for (const each of unseen) ledger.occurrences.see(each, now);
          return unseen;
        });
        return { output: { seen: seen.map(viewOccurrence) } };
      },
    }),
  ];
}

function rulesOf({ kind, spec, timeZone, text }: Reading, task: Task, does: boolean): ScheduleRules {
  const { executor = null, lane = null, session = null, cwd = null, notify = null } = task;
  return {
    ...{ kind, spec, timeZone, prompt: text, executor, lane, session, cwd, notify },
    says: !does,
    activeHours: null,
    quiet: null,
    jobOptions: null,
    catchUp: 'once',
    catchUpWindowMs: does ? scheduleDefaults.catchUpWindowMs : messageWindowMs,
    overlap: 'skip',
    jitterMs: 0,
    pauseAfter: scheduleDefaults.pauseAfter,
  };
}

const readableHint =
  "Times that can be read: 'on monday at 9am', 'on 24 December at 18:00', 'in 2 weeks', 'every weekday at 8:00'; then the text.";

/** The one reading there is. HOMER_REMINDER_AMBIGUOUS has the others in `details.choices`, each with words that mean only this. */
function settle(outcome: ReturnType<ReadPhrase>, calendar: Calendar, now: number): Reading {
  switch (outcome.is) {
    case 'read':
      return outcome.reading;
    case 'past':
      throw new HomerError('HOMER_REMINDER_PAST', `That was on ${tellMoment(outcome.at, outcome.timeZone)}.`);
    case 'unclear':
      throw new HomerError('HOMER_REMINDER_UNCLEAR', `This cannot be read as a reminder: ${outcome.why}.`, {
        // The usual hint is for what has no time where one is looked for.
        ...(outcome.why.startsWith('it has no time') ? {} : { hint: readableHint }),
      });
    case 'ambiguous': {
      const choices = outcome.readings.map((reading) => {
        const at = reading.firstAt ?? calendar.next(reading, now);
        return { phrase: reading.phrase, reading: tellReading(reading, at === null ? [] : [at]) };
      });
      const list = choices.map(({ reading }) => reading).join('; or ');
      throw new HomerError('HOMER_REMINDER_AMBIGUOUS', `It may mean: ${list} (${outcome.why}).`, {
        details: { choices },
      });
    }
  }
}
