// Schedules as a table with their next times, one of them in full, and what became of its due times.

import type { OccurrenceState } from '../core/schedule.ts';
import type { Occurrence, Schedule } from './answers.ts';
import { age, clock, firstLine, oneLine, span, table, type Cell } from './format.ts';
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

/** Under each schedule its next times, on the clock of this host. */
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

/** `Next: 08:00, 2026-03-05 08:00, …`; without a terminal's clock in the zone of this host. */
export function nextLine({ next, enabled }: Schedule, now: number): string {
  if (!enabled) return 'Next: not while it is paused';
  return next.length === 0 ? 'Next: never' : `Next: ${next.map((at) => clock(at, now)).join(', ')}`;
}

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
  const chosen = (what: string | null): string => what ?? 'the default';
  return [
    `Schedule ${palette.bold(schedule.name)} is ${stateOf(schedule)}`,
    '',
    ...table(
      [
        fact('id', schedule.id),
        fact('rule', `${schedule.kind} ${schedule.spec} in ${schedule.timeZone}`),
        ...schedule.next.map((at, index) => fact(index === 0 ? 'next' : '', clock(at, now))),
        fact('by', `${chosen(executor)} in lane ${chosen(lane)}`),
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
          lastOccurrence === null ? 'not yet' : `${clock(lastOccurrence.dueAt, now)} ${lastOccurrence.state}`,
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

export function drawOccurrences(
  occurrences: readonly Occurrence[],
  { palette, columns, now }: Paper,
): string[] {
  const head = ['due', 'state', 'job', 'why'].map((text): Cell => ({ text, paint: palette.dim }));
  const rows = occurrences.map(({ dueAt, state, jobId, reason }): Cell[] => [
    { text: columns === null ? dueAt : clock(dueAt, now) },
    { text: state, ...statePaint(state, palette) },
    { text: jobId === null ? '' : columns === null ? jobId : shortId(jobId) },
    { text: oneLine(reason ?? '') },
  ]);
  return table([head, ...rows], columns);
}
