// What the scheduler needs of the rest of the house: jobs through intake, messages to whoever looks, runs that must end.

import { randomFillSync } from 'node:crypto';
import { uptime } from 'node:os';
import { parseTarget } from '../core/delivery.ts';
import { createChance, newScheduleId, type JobId } from '../core/ids.ts';
import { readJobOptions } from '../core/schedule.ts';
import { createPreparation, type IntakeOptions, type Prepare } from '../intake/intake.ts';
import { messageKey } from '../ledger/occurrences.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import type { Sender } from '../intake/place.ts';
import type { Announce, MakeJob } from '../scheduler/look.ts';
import { Scheduler } from '../scheduler/scheduler.ts';

export interface SchedulingOptions extends IntakeOptions {
  readonly endRun: (jobId: JobId) => void;
  readonly onError: (error: unknown) => void;
}

export function openScheduler(options: SchedulingOptions): Scheduler {
  const { ledger, config, endRun, onError } = options;
  const chance = createChance(randomFillSync);
  return new Scheduler({
    ledger,
    makeJob: createJobMaker(createPreparation(options)),
    announce: createAnnouncer(ledger, config),
    fromFile: () => config().schedules,
    newId: (now) => newScheduleId(now, chance(now)),
    endRun,
    upMs: () => uptime() * 1_000,
    onError,
  });
}

/** The job of an occurrence; its key is that of the occurrence, so that there is one whatever happens. */
function createJobMaker(prepare: Prepare): MakeJob {
  return (schedule, dueAt) => {
    const { id, prompt, executor, lane, session, cwd, notify, quiet } = schedule;
    const request = {
      prompt,
      executor: executor ?? undefined,
      lane: lane ?? undefined,
      session: session ?? undefined,
      cwd: cwd ?? undefined,
      notify: notify ?? undefined,
      quiet: quiet ?? undefined,
      ...readJobOptions(schedule.jobOptions),
    };
    const key = `${id}@${new Date(dueAt).toISOString()}`;
    return prepare(request, key, senderOf(schedule)).admit().id;
  };
}

/** What a run made for its own session (`own.ts`) may go on there, whoever began it, and nowhere else. */
function senderOf({ id, byOwner, source, session }: ScheduleRecord): Sender {
  const sender = { source: `schedule:${id}`, isOwner: byOwner };
  return session !== null && source === `session:${session}`
    ? { ...sender, configured: { cwd: null, session } }
    : sender;
}

/**
 * A message goes to the chat it names, and its occurrence ends with its delivery; without one, or while that channel is not
 * configured, it stands in the status until it was seen.
 */
function createAnnouncer(ledger: SchedulingOptions['ledger'], config: SchedulingOptions['config']): Announce {
  return ({ target, text, scheduleId, dueAt }, now) => {
    const data = { scheduleId, dueAt: new Date(dueAt).toISOString(), text, target };
    ledger.events.append(now, 'reminder.due', null, null, data);
    const channel = target === null ? null : (parseTarget(target)?.channel ?? null);
    if (target === null || channel === null || (channel === 'telegram' && config().telegram === null))
      return 'said';
    ledger.deliveries.add(
      { target, key: messageKey(scheduleId, dueAt), jobId: null, text: `⏰ ${text}` },
      now,
    );
    return 'sending';
  };
}
