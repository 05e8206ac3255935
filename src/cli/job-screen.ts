// One job on one screen.

import { amount, measures } from '../core/allowance.ts';
import type { JobState } from '../core/job.ts';
import type { Job } from './answers.ts';
import {
  age,
  clip,
  clock,
  count,
  firstLine,
  fold,
  oneLine,
  plain,
  sentence,
  span,
  table,
  type Cell,
} from './format.ts';
import type { Paper } from './status-screen.ts';
import type { Palette } from './terminal.ts';

/** Colour means state: done well, at work, needs a person, bad; what only waits its turn has none. */
export function stateColour(state: JobState, palette: Palette): (text: string) => string {
  if (state === 'succeeded') return palette.ok;
  if (state === 'running') return palette.live;
  if (state === 'waiting') return palette.needs;
  if (state === 'failed') return palette.bad;
  return (text) => text;
}

const resultLines = 12;

/** `/home/me/.homer/worktrees/j… (at 3f2a91c0b7de)` */
export function worktreeText({
  path,
  head,
}: {
  readonly path: string;
  readonly head: string | null;
}): string {
  const short =
    head !== null && /^[0-9a-f]{40,}$/.test(head) ? `at ${head.slice(0, 12)}` : `on ${head ?? '?'}`;
  return plain(`${path} (${short})`);
}

/** The lines of the screen: state, times, runs, then the error and the head of the result. */
export function drawJob(job: Job, paper: Paper, session: string | null = null): string[] {
  const { palette, columns, now } = paper;
  const fact = (name: string, text: string | null): Cell[][] =>
    text === null ? [] : [[{ text: name, paint: palette.dim }, { text }]];
  const lines = [
    `Job ${palette.bold(job.id)} ${stateColour(job.state, palette)(describeState(job, now))}`,
    '',
    ...table(
      [
        ...fact('task', firstLine(job.prompt)),
        ...fact('by', `${job.executor} in lane ${job.lane}`),
        ...fact('turn of', session),
        ...fact('where', job.cwd),
        ...fact('under', job.parentId),
        ...fact('children', children(job)),
        ...fact('worktree', job.worktree === null ? null : worktreeText(job.worktree)),
        ...fact('asked', `${age(job.createdAt, now)} by ${job.source}`),
        ...fact('tries', tries(job)),
        ...fact('usage', usage(job)),
        ...fact('limits', limits(job)),
      ],
      columns,
      '  ',
    ),
  ];
  if (job.runs.length > 0) {
    lines.push('', palette.dim('Runs'));
    lines.push(
      ...table(
        job.runs.map((run) => [
          { text: run.id, paint: palette.dim },
          {
            text: run.verdict ?? run.state,
            paint: run.verdict === null ? palette.live : (text: string) => text,
          },
          { text: run.host === null ? '' : `on ${plain(run.host)}` },
          { text: run.exitCode === null ? '' : `exit ${run.exitCode}` },
          { text: run.startedAt === null ? '?' : clock(run.startedAt, now) },
          {
            text:
              run.startedAt === null
                ? '?'
                : span(Date.parse(run.endedAt ?? new Date(now).toISOString()) - Date.parse(run.startedAt)),
          },
        ]),
        columns,
        '  ',
      ),
    );
  }
  if (job.error !== null) {
    const paint = job.state === 'failed' ? palette.bad : palette.needs;
    lines.push(
      '',
      ...withCode(sentence(plain(job.error.message)), palette.dim(job.error.code), paint),
      ...fold(oneLine(job.error.hint), columns, '  ').map(palette.dim),
    );
  }
  if (job.result !== null) lines.push('', palette.dim('Result'), ...head(job.result.text, columns));
  return lines;
}

/** The code stands at the end of what is one line, and below what is many, the last of which are a program's own. */
function withCode(message: string, code: string, paint: (text: string) => string): string[] {
  if (!message.includes('\n')) return [`${paint(message)} ${code}`];
  return [...message.split('\n').map(paint), code];
}

function describeState(job: Job, now: number): string {
  if (job.state === 'running')
    return job.startedAt === null ? 'is running' : `is running for ${span(now - Date.parse(job.startedAt))}`;
  if ((job.state === 'queued' || job.state === 'scheduled' || job.state === 'parked') && job.dueAt !== null)
    return `is ${job.state} until ${clock(job.dueAt, now)}`;
  if (job.state === 'waiting')
    return job.error !== null
      ? 'waits for you'
      : job.children.ended < job.children.total
        ? 'waits for the jobs under it'
        : 'has what it waited for, and waits for a slot of its lane';
  if (job.endedAt === null) return `is ${job.state}`;
  const took =
    job.startedAt === null ? '' : ` after ${span(Date.parse(job.endedAt) - Date.parse(job.startedAt))}`;
  const how = job.state === 'cancelled' ? 'was cancelled' : job.state;
  return `${how}${took}, ${age(job.endedAt, now)}`;
}

function children({ children: { total, ended } }: Job): string | null {
  return total === 0 ? null : `${count(total, 'job')}, ${ended} ended`;
}

function tries(job: Job): string | null {
  const parts = [
    ...(job.attempts > 0 ? [`${job.attempts} of ${count(job.maxAttempts, 'attempt')} used`] : []),
    ...(job.crashes > 0 ? [`${job.crashes} of ${count(job.maxCrashes, 'crash', 'crashes')} used`] : []),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** Unknown is "?", never 0; nothing at all when nothing is known. */
function limits({ maxTurns, maxTokens, maxCostUsd, fallback }: Job): string | null {
  const most = { turns: maxTurns, tokens: maxTokens, costUsd: maxCostUsd };
  const parts = measures.flatMap((measure) => {
    const limit = most[measure];
    return limit === null ? [] : [amount(measure, limit)];
  });
  const all = parts.length === 0 ? [] : [`at most ${parts.join(', ')}`];
  if (fallback.length > 0) all.push(`at a usage limit ${fallback.join(', then ')}`);
  return all.length === 0 ? null : all.join('; ');
}

function usage({ usage: { inputTokens, outputTokens, costUsd } }: Job): string | null {
  if (inputTokens === null && outputTokens === null && costUsd === null) return null;
  const cost = costUsd === null ? '' : `, $${costUsd.toFixed(4)}`;
  const input = inputTokens === null ? '? tokens' : count(inputTokens, 'token');
  return `${input} in, ${outputTokens ?? '?'} out${cost}`;
}

function head(text: string, columns: number | null): string[] {
  const all = plain(text).trimEnd().split('\n');
  const shown = columns === null ? all : all.slice(0, resultLines).map((line) => clip(line, columns - 2));
  const rest = all.length - shown.length;
  return [
    ...shown.map((line) => `  ${line}`),
    ...(rest > 0 ? [`  … ${count(rest, 'more line')}; \`homer job ID --json\` has all`] : []),
  ];
}
