// What happened since a time, drawn for a terminal.

import { causeWords } from '../core/digest.ts';
import type { DigestAnswer } from './answers.ts';
import { age, clock, count, fold, oneLine, span, table, type Cell } from './format.ts';
import { shortId } from './job-id.ts';
import type { Paper } from './status-screen.ts';

type Ended = DigestAnswer['failed'];

export function drawDigest(answer: DigestAnswer, paper: Paper): string[] {
  const { palette, columns, now } = paper;
  const { since, until, succeeded, failed, cancelled, cutOff, missed, paused, waiting, undelivered } = answer;
  const head = [
    `${succeeded.total} done, ${failed.total} failed, ${cancelled.total} cancelled`,
    ...(waiting === 0 ? [] : [`${waiting} ${waiting === 1 ? 'needs' : 'need'} you`]),
    ...(undelivered === 0 ? [] : [`${undelivered} undelivered`]),
  ].join('; ');
  const part = (title: string, rows: readonly (readonly Cell[])[]): string[] =>
    rows.length === 0 ? [] : ['', palette.dim(title), ...table(rows, columns, '  ')];
  return [
    `In the last ${span(Date.parse(until) - Date.parse(since))}: ${head}.`,
    ...part(
      'Restarts',
      answer.restarts.map(({ at, downSince, cause, detail }) => [
        { text: columns === null ? at : clock(at, now) },
        {
          text: downSince === null ? '' : `down ${span(Date.parse(at) - Date.parse(downSince))}`,
          paint: palette.dim,
        },
        { text: `${causeWords[cause]}${detail === null ? '' : ` (${oneLine(detail)})`}` },
      ]),
    ),
    ...part('Failed', jobRows(failed, paper, palette.bad)),
    ...part('Done', jobRows(succeeded, paper, palette.ok)),
    ...part('Cancelled', jobRows(cancelled, paper, palette.dim)),
    ...part(
      'Cut off',
      cutOff.map(({ jobId, verdict, state, prompt }) => [
        { text: columns === null ? jobId : shortId(jobId) },
        { text: `${verdict}, ${state} now` },
        { text: oneLine(prompt) },
      ]),
    ),
    ...part(
      'Missed',
      missed.map(({ name, count: times, dueAt, reason }) => [
        { text: name },
        { text: count(times, 'time') },
        { text: columns === null ? dueAt : age(dueAt, now), paint: palette.dim },
        { text: reason ?? '' },
      ]),
    ),
    ...(paused.length === 0
      ? []
      : [
          '',
          ...fold(`Paused after failures: ${paused.join(', ')}. \`homer schedules resume NAME\``, columns),
        ]),
  ];
}

function jobRows(
  { total, newest }: Ended,
  { columns, now }: Paper,
  paint: (text: string) => string,
): Cell[][] {
  const rows = newest.map(({ jobId, executor, prompt, endedAt, message }): Cell[] => [
    { text: columns === null ? jobId : shortId(jobId), paint },
    { text: columns === null ? endedAt : age(endedAt, now) },
    { text: executor },
    { text: oneLine(message === null ? prompt : `${prompt} — ${message}`) },
  ]);
  return total > newest.length ? [...rows, [{ text: '…' }, { text: `${total - newest.length} more` }]] : rows;
}
