// Schedules of config.yaml, brought into the ledger: they are what the file says, and keep their history when it changes.

import type { ScheduleConfig } from '../config/schedules.ts';
import type { ScheduleId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ScheduleRecord } from '../ledger/schedule-record.ts';
import type { ScheduleRules } from '../core/schedule.ts';
import type { Calendar } from './calendar.ts';
import { nextTimes } from './look.ts';

export interface FileScheduleParts {
  readonly ledger: Ledger;
  readonly calendar: Calendar;
  readonly newId: (now: number) => ScheduleId;
}

/** Inside a transaction of the writer. What was in the file and is no more is removed; pauses of persons stay. */
export function takeOverFile(
  parts: FileScheduleParts,
  file: Readonly<Record<string, ScheduleConfig>>,
  now: number,
): void {
  const { ledger, calendar } = parts;
  for (const each of ledger.schedules.list())
    if (each.origin === 'file' && !Object.hasOwn(file, each.name)) ledger.schedules.remove(each, now);
  for (const [name, config] of Object.entries(file)) {
    const written = rulesOf(config);
    const before = ledger.schedules.findFromFile(name);
    const schedule =
      before === null ? create(parts, name, written, now) : update(parts, before, written, now);
    if (!config.enabled && schedule.pausedBy === null) ledger.schedules.setPaused(schedule, 'config', now);
    else if (config.enabled && schedule.pausedBy === 'config')
      ledger.schedules.setPaused(schedule, null, now);
    const current = ledger.schedules.get(schedule.id);
    // One that was paused or gone begins anew: what was due meanwhile was not meant to fire.
    const isBack = before !== null && before.fireAt === null && current.pausedBy === null;
    const decidedAt = isBack ? Math.max(now, current.decidedAt) : current.decidedAt;
    const next = nextTimes(calendar, current, decidedAt);
    if (next.fireAt !== current.fireAt || decidedAt !== current.decidedAt || next.nextAt !== current.nextAt)
      ledger.schedules.place(current, decidedAt, next);
  }
}

function create(
  { ledger, newId }: FileScheduleParts,
  name: string,
  rules: ScheduleRules,
  now: number,
): ScheduleRecord {
  const taken = ledger.schedules.find(name);
  // The file has the first word on names.
  if (taken !== null) ledger.schedules.rename(taken, `${name}-${taken.id.slice(-6)}`);
  const id = newId(now);
  const origin = { origin: 'file', source: 'config', byOwner: true, requestKey: null } as const;
  return ledger.schedules.create({ id, name, ...origin, rules, anchorAt: wholeSecond(now) }, now);
}

function update(
  { ledger }: FileScheduleParts,
  before: ScheduleRecord,
  written: ScheduleRules,
  now: number,
): ScheduleRecord {
  const isSame = (Object.keys(written) as (keyof ScheduleRules)[]).every(
    (key) => written[key] === before[key],
  );
  if (isSame && before.removedAt === null) return before;
  const taken = before.removedAt === null ? null : ledger.schedules.find(before.name);
  if (taken !== null) ledger.schedules.rename(taken, `${before.name}-${taken.id.slice(-6)}`);
  const isDueOtherwise = isTimingOther(before, written) || before.removedAt !== null;
  const fresh = isDueOtherwise ? { anchorAt: wholeSecond(now), decidedAt: now } : null;
  return ledger.schedules.change(before, written, true, fresh, now);
}

/** Due times on whole seconds are easier to read. */
export const wholeSecond = (at: number): number => Math.floor(at / 1_000) * 1_000;

/** Whether other rules mean other due times. */
export function isTimingOther(
  before: Pick<ScheduleRules, 'kind' | 'spec' | 'timeZone' | 'activeHours'>,
  after: Pick<ScheduleRules, 'kind' | 'spec' | 'timeZone' | 'activeHours'>,
): boolean {
  return (
    before.activeHours !== after.activeHours ||
    before.kind !== after.kind ||
    before.spec !== after.spec ||
    before.timeZone !== after.timeZone
  );
}

function rulesOf(config: ScheduleConfig): ScheduleRules {
  const { enabled, ...rules } = { ...config, says: false };
  // Whether it is enabled is no rule of it, but whether it is paused.
  void enabled;
  return rules;
}
