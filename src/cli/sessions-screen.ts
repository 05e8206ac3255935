// Sessions as a table, and one with its turns.

import type { SessionState } from '../core/session.ts';
import type { Job, Session } from './answers.ts';
import { age, clip, firstLine, table, type Cell } from './format.ts';
import { shortId } from './job-id.ts';
import { stateColour } from './job-screen.ts';
import type { Paper } from './status-screen.ts';
import type { Palette } from './terminal.ts';

function sessionColour(state: SessionState, palette: Palette): (text: string) => string {
  if (state === 'running') return palette.live;
  if (state === 'waiting') return palette.needs;
  return state === 'ended' ? palette.dim : (text) => text;
}

/** What is long stands last, where a narrow terminal cuts it. */
export function sessionTable(sessions: readonly Session[], { palette, columns, now }: Paper): string[] {
  const head = ['name', 'state', 'executor', 'lane', 'last turn', 'where'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = sessions.map((session): Cell[] => [
    { text: session.name },
    { text: session.state, paint: sessionColour(session.state, palette) },
    { text: session.executor },
    { text: session.lane },
    { text: lastTurn(session, columns, now) },
    { text: session.cwd },
  ]);
  return table([head, ...rows], columns);
}

/** `turns`: the newest, oldest first; `skills`: names of those it was handed; `hasMore`: there are others before them. */
export function drawSession(
  session: Session,
  turns: readonly Job[],
  skills: readonly string[],
  hasMore: boolean,
  { palette, columns, now }: Paper,
): string[] {
  const fact = (name: string, text: string): Cell[] => [{ text: name, paint: palette.dim }, { text }];
  const lines = [
    `Session ${palette.bold(session.name)} ${sessionColour(session.state, palette)(`is ${session.state}`)}`,
    '',
    ...table(
      [
        fact('id', session.id),
        fact('by', `${session.executor} in lane ${session.lane}`),
        fact('where', session.cwd),
        fact(
          'made',
          `${age(session.createdAt, now)}${session.channel === null ? '' : ` by ${session.channel}`}`,
        ),
        ...(session.forkedFrom === null ? [] : [fact('fork of', session.forkedFrom)]),
        fact('agent', session.agentSessionId ?? 'begins afresh with the next turn'),
        ...(skills.length === 0 ? [] : [fact('skills', skills.join(', '))]),
        ...(session.snapshotId === null ? [] : [fact('snapshot', session.snapshotId)]),
      ],
      columns,
      '  ',
    ),
    '',
  ];
  if (turns.length === 0) return [...lines, `No turn yet; \`homer run -s ${session.name} …\` takes one.`];
  const rows = turns.map((job): Cell[] => [
    { text: columns === null ? job.id : shortId(job.id), paint: palette.dim },
    { text: job.state, paint: stateColour(job.state, palette) },
    { text: age(job.createdAt, now) },
    { text: firstLine(job.prompt) },
  ]);
  const told = table(rows, columns, '  ').flatMap((row, index) => {
    const answer = firstLine(turns[index]?.result?.text ?? '');
    if (answer === '') return [row];
    return [row, palette.dim(`    → ${columns === null ? answer : clip(answer, columns - 6)}`)];
  });
  return [...lines, palette.dim(hasMore ? 'Newest turns' : 'Turns'), ...told];
}

function lastTurn({ lastTurnAt }: Session, columns: number | null, now: number): string {
  if (columns === null) return lastTurnAt ?? '';
  return lastTurnAt === null ? 'none yet' : age(lastTurnAt, now);
}
