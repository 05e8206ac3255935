// Schedules as a table with their next times, one of them in full, and what became of its due times.

import type { OccurrenceState } from '../core/schedule.ts';
import { wallAt, type Wall } from '../core/wall-clock.ts';
import type { Occurrence, Schedule } from './answers.ts';
import { age, firstLine, oneLine, span, table, type Cell } from './format.ts';
import { shortId } from './job-id.ts';
import type { Paper } from './status-screen.ts';
import type { Palette } from './terminal.ts';

/** `cron 0 8 * * 1-5`. */
function ruleOf({ kind, spec, timeZone }: Schedule): string {
  return kind === 'at' ? `at ${spec}` : `${kind} ${spec}${kind === 'cron' ? ` (${timeZone})` : ''}`;
}

function stateOf({ enabled, pausedBy, nextAt }: Schedule): string {
  if (!enabled) return pausedBy === 'failures' ? 'paused: it failed' : 'paused';
  return nextAt === null ? 'over' : 'on';
}

/** Under each schedule its next times, on the clock of its zone. */
export function scheduleTable(schedules: readonly Schedule[], { palette, columns, now }: Paper): string[] {
  const head = ['name', 'state', 'last', 'rule', 'task'].map((text): Cell => ({ text, paint: palette.dim }));
  const rows = schedules.map((schedule): Cell[] => [
    { text: schedule.name },
    { text: stateOf(schedule), ...paintOf(schedule, palette) },
    {
      text: schedule.lastOccurrence?.state ?? 'not yet',
      ...statePaint(schedule.lastOccurrence?.state, palette),
    },
    { text: ruleOf(schedule) },
    { text: firstLine(schedule.prompt) },
  ]);
  const [first = '', ...lines] = table([head, ...rows], columns);
  return [
    first,
    ...lines.flatMap((line, index) => {
      const schedule = schedules[index];
      return schedule === undefined ? [line] : [line, palette.dim(`  ${nextLine(schedule, now)}`)];
    }),
  ];
}

/** `Next: 08:00, 2026-03-05 08:00, … (Europe/Berlin)`. */
export function nextLine({ next, enabled, timeZone }: Schedule, now: number): string {
  if (!enabled) return 'Next: not while it is paused';
  return next.length === 0 ? 'Next: never' : `Next: ${clocks(next, timeZone, now).join(', ')} (${timeZone})`;
}

/** What the clock of the zone shows at these times, with seconds where two are less than a minute apart, and the day if it is not today. */
export function clocks(times: readonly string[], timeZone: string, now: number): string[] {
  const moments = times.map((time) => Date.parse(time));
  const isDense = moments.some((at, index) => at - (moments[index - 1] ?? -Infinity) < 60_000);
  const today = isoDay(wallAt(now, timeZone));
  return moments.map((at) => {
    const wall = wallAt(at, timeZone);
    const parts = [wall.hour, wall.minute, ...(isDense ? [wall.second] : [])];
    const shown = parts.map((part) => String(part).padStart(2, '0')).join(':');
    return isoDay(wall) === today ? shown : `${isoDay(wall)} ${shown}`;
  });
}

const isoDay = ({ year, month, day }: Wall): string =>
  [String(year).padStart(4, '0'), ...[month, day].map((part) => String(part).padStart(2, '0'))].join('-');

function paintOf({ enabled, pausedBy }: Schedule, palette: Palette): Pick<Cell, 'paint'> {
  if (enabled) return {};
  return { paint: pausedBy === 'failures' ? palette.bad : palette.needs };
}

function statePaint(state: OccurrenceState | undefined, palette: Palette): Pick<Cell, 'paint'> {
  if (state === 'failed' || state === 'delivery_failed') return { paint: palette.bad };
  if (state === 'missed' || state === 'skipped') return { paint: palette.needs };
  return state === 'pending' ? { paint: palette.live } : {};
}

export function drawSchedule(schedule: Schedule, { palette, columns, now }: Paper): string[] {
  const fact = (name: string, text: string): Cell[] => [{ text: name, paint: palette.dim }, { text }];
  const { executor, lane, session, cwd, notify, lastOccurrence } = schedule;
  const late = schedule.catchUp === 'skip' ? '' : `, up to ${span(schedule.catchUpWindowMs)} late`;
  return [
    `Schedule ${palette.bold(schedule.name)} is ${stateOf(schedule)}`,
    '',
    ...table(
      [
        fact('id', schedule.id),
        fact('rule', `${schedule.kind} ${schedule.spec} in ${schedule.timeZone}`),
        ...clocks(schedule.next, schedule.timeZone, now).map((at, index) =>
          fact(index === 0 ? 'next' : '', index === 0 ? `${at} (${schedule.timeZone})` : at),
        ),
        fact('by', byWhom(executor, lane)),
        ...(session === null ? [] : [fact('session', session)]),
        ...(cwd === null ? [] : [fact('where', cwd)]),
        ...(notify === null ? [] : [fact('notify', notify)]),
        fact('catch-up', `${schedule.catchUp}${late}`),
        fact('overlap', schedule.overlap),
        ...(schedule.jitterMs === 0 ? [] : [fact('jitter', `up to ${span(schedule.jitterMs)}`)]),
        fact(
          'failures',
          `${schedule.failures} in a row${schedule.pauseAfter === 0 ? '' : `, paused after ${schedule.pauseAfter}`}`,
        ),
        fact('made', `${age(schedule.createdAt, now)} by ${schedule.source}`),
        fact(
          'last',
          lastOccurrence === null
            ? 'not yet'
            : `${clocks([lastOccurrence.dueAt], schedule.timeZone, now).join('')} ${lastOccurrence.state}`,
        ),
      ],
      columns,
      '  ',
    ),
    '',
    palette.dim('Task'),
    `  ${firstLine(schedule.prompt)}`,
  ];
}

/** `shell, in the usual lane`. */
function byWhom(executor: string | null, lane: string | null): string {
  return `${executor ?? 'the usual executor'}, in ${lane === null ? 'the usual lane' : `lane ${lane}`}`;
}

/** On the clock of the schedule's zone; for programs in UTC. */
export function drawOccurrences(
  occurrences: readonly Occurrence[],
  timeZone: string,
  { palette, columns, now }: Paper,
): string[] {
  const due = columns === null ? 'due' : `due (${timeZone})`;
  const head = [due, 'state', 'job', 'why'].map((text): Cell => ({ text, paint: palette.dim }));
  const rows = occurrences.map(({ dueAt, state, jobId, reason }): Cell[] => [
    { text: columns === null ? dueAt : clocks([dueAt], timeZone, now).join('') },
    { text: state, ...statePaint(state, palette) },
    { text: jobId === null ? '' : columns === null ? jobId : shortId(jobId) },
    { text: oneLine(refusalOf(reason)?.message ?? reason ?? '') },
  ]);
  return table([head, ...rows], columns);
}

/** What intake said when it refused the task of a due time; null: it was not refused. */
export function refusalOf(reason: string | null): { readonly code: string; readonly message: string } | null {
  const [, code, message] = /^(HOMER_[A-Z_]+): (.*)$/s.exec(reason ?? '') ?? [];
  return code === undefined || message === undefined ? null : { code, message };
}
