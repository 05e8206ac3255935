// Questions of agents for people who answer them. What is approved is what is done, so here nothing is taken out of what an
// agent wants to do, what cannot be seen is spelt out, and what does not fit is said to be missing.

import type { Approval } from './answers.ts';
import { age, clock, clip, count, displayWidth, oneLine, table, timeLeft, visible, wrap } from './format.ts';
import { shortId } from './job-id.ts';
import type { Paper } from './status-screen.ts';
import type { Palette } from './terminal.ts';

export interface InputLines {
  readonly lines: readonly string[];
  /** False: some of it is left out, and the last line says so. */
  readonly isWhole: boolean;
}

const longestTool = 60;
const longestName = 40;

/** The tool a question is about, on one line of bounded length. */
export function toolOf({ tool }: Approval): string {
  return clip(visible(tool).replaceAll('\n', ' '), longestTool);
}

/** `Bash: make cake`, to know a question by; nothing to decide by. */
export function questionLine(approval: Approval): string {
  const what = oneLine(approval.summary);
  return what === '' ? toolOf(approval) : `${toolOf(approval)}: ${what}`;
}

export function idOf({ id }: Approval, columns: number | null): string {
  return columns === null ? id : shortId(id);
}

/** What the agent wants to do, part by part; at most so many lines. */
export function inputLines(
  { input }: Approval,
  { palette, columns }: Pick<Paper, 'palette' | 'columns'>,
  mostLines: number,
): InputLines {
  const parts: readonly (readonly [string, unknown])[] =
    typeof input === 'object' && input !== null && !Array.isArray(input)
      ? Object.entries(input).toSorted(([a], [b]) => Number(b === 'command') - Number(a === 'command'))
      : [['input', input]];
  const names = parts.map(([name]) => clip(visible(name).replaceAll('\n', ' '), longestName));
  const indent = Math.max(0, ...names.map(displayWidth)) + 6;
  const room = columns === null ? null : Math.max(20, columns - indent);
  const all = parts.flatMap(([, value], part) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const rows = visible(text)
      .split('\n')
      .flatMap((line) => wrap(line, room));
    return rows.map((row, index) => {
      const name = index === 0 ? (names[part] ?? '') : '';
      return `    ${name === '' ? '' : palette.dim(name)}${' '.repeat(indent - 4 - displayWidth(name))}${row}`.trimEnd();
    });
  });
  if (all.length <= mostLines) return { lines: all, isWhole: true };
  const left = all.length - mostLines + 1;
  return {
    lines: [...all.slice(0, mostLines - 1), `    ${palette.bad(`… ${count(left, 'more line')} not shown`)}`],
    isWhole: false,
  };
}

/** The commands that answer it, each with what it does. */
export function answerLines(approval: Approval, { palette, columns }: Paper): string[] {
  const id = idOf(approval, columns);
  const where = approval.sessionId === null ? 'as long as the job lasts' : 'as long as the session lasts';
  const lines = [
    [`homer approve ${id}`, 'once'],
    [`homer approve ${id} --session`, `${coverage(approval)}, ${where}`],
    [`homer deny ${id}`, 'no; the agent goes on without it'],
  ] as const;
  const width = `homer approve ${id} --session`.length;
  return lines.map(([command, what]) => `    ${command.padEnd(width)}  ${palette.dim(what)}`);
}

/** What an answer for the session covers (core/approval.ts). */
export function coverage(approval: Approval): string {
  return hasCommand(approval)
    ? 'exactly this command'
    : `every use of ${toolOf(approval)}, whatever it is for`;
}

function hasCommand({ input }: Approval): boolean {
  return typeof input === 'object' && input !== null && 'command' in input;
}

export function expiryLine({ expiresAt }: Approval, now: number): string {
  if (expiresAt === null) return 'It waits until somebody answers.';
  return `Denied by itself in ${timeLeft(expiresAt, now)} (${clock(expiresAt, now)}) if nobody answers.`;
}

/** A question that stands open, in full: what is asked, until when, and how to answer. */
export function questionBlock(approval: Approval, paper: Paper, mostLines: number): InputLines {
  const { palette, columns, now } = paper;
  const { lines, isWhole } = inputLines(approval, paper, mostLines);
  const more = `    \`homer approvals --job ${columns === null ? approval.jobId : shortId(approval.jobId)}\` shows all of it.`;
  return {
    lines: [
      `${palette.needs('●')} ${palette.bold(`May the agent use ${toolOf(approval)}?`)}`,
      ...lines,
      ...(isWhole ? [] : [palette.dim(more)]),
      `  ${palette.dim(expiryLine(approval, now))}`,
      ...answerLines(approval, paper),
    ],
    isWhole,
  };
}

export function stateColour(state: Approval['state'], palette: Palette): (text: string) => string {
  if (state === 'pending') return palette.needs;
  return state === 'allowed' ? palette.ok : state === 'answering' ? palette.live : (text) => text;
}

/** `allowed once by http:owner, 4 min ago` */
export function outcome(approval: Approval, now: number): string {
  const { state, scope, answeredBy, answeredAt, endedAt, expiresAt } = approval;
  if (state === 'pending') return expiresAt === null ? 'asks' : `asks, for ${timeLeft(expiresAt, now)} more`;
  const by =
    answeredBy === null
      ? ''
      : answeredBy === 'session'
        ? ' for the session before'
        : ` by ${oneLine(answeredBy)}`;
  const kept = scope === 'session' && state === 'allowed' ? ' for the session' : '';
  if (state === 'answering') return `answered${by}, ${age(answeredAt, now)}; its run is told next`;
  if (state === 'expired') return `expired, ${age(endedAt, now)}: nobody answered in time`;
  if (state === 'void') return `void, ${age(endedAt, now)}: its run ended or took it back`;
  return `${state}${kept}${by}, ${age(answeredAt ?? endedAt, now)}`;
}

/** A section of a job's screen: what its agent asked, oldest first, and what became of it; nothing when it asked nothing. */
export function drawQuestions(asked: readonly Approval[], { palette, columns, now }: Paper): string[] {
  if (asked.length === 0) return [];
  const rows = asked.map((approval) => [
    { text: idOf(approval, columns), paint: palette.dim },
    { text: outcome(approval, now), paint: stateColour(approval.state, palette) },
    { text: questionLine(approval) },
  ]);
  return ['', palette.dim('Questions'), ...table(rows, columns, '  ')];
}
