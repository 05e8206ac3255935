// `homer approvals`, `homer approve`, `homer deny`: what agents ask, and a person's answer.

import type { ApprovalState } from '../../core/approval.ts';
import { HomerError } from '../../core/errors.ts';
import type { Approval, ApprovalAnswer, ApprovalsAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { age, count, table } from '../format.ts';
import { resolveJobId, shortId } from '../job-id.ts';
import { findQuestions, listPending } from '../question-id.ts';
import { coverage, idOf, outcome, questionBlock, questionLine, stateColour } from '../question-screen.ts';
import { connectFrom } from '../run-access.ts';
import { sessionName } from '../session-name.ts';
import type { Paper } from '../status-screen.ts';

export interface ApprovalsOptions {
  readonly state?: ApprovalState;
  readonly job?: string;
}

export interface AnswerOptions {
  readonly session?: boolean;
}

const settledShown = 20;
/** Of one question on a terminal; into a pipe goes all of it. */
const mostLines = 400;

/** What is asked, the oldest first, then what became of others, the newest first. */
export async function approvals(context: Context, options: ApprovalsOptions): Promise<number> {
  const client = await connectFrom(context);
  const job = options.job === undefined ? undefined : await resolveJobId(client, options.job);
  const isAbout = (state: ApprovalState): boolean => options.state === undefined || options.state === state;
  const pending = isAbout('pending') ? (await listPending(client, job)).toReversed() : [];
  const query = { state: options.state, job, limit: pending.length + settledShown };
  const all =
    options.state === 'pending'
      ? []
      : (await client.call<ApprovalsAnswer>('approvals.list', { query })).approvals;
  const settled = all.filter(({ state }) => state !== 'pending').slice(0, settledShown);
  const ids = new Set(pending.flatMap(({ sessionId }) => sessionId ?? []));
  const names = new Map<string, string>();
  if (!context.json) for (const id of ids) names.set(id, await sessionName(client, id));
  report(context, { approvals: [...pending, ...settled] }, draw(pending, settled, names, paperOf(context)));
  return 0;
}

function paperOf({ terminal: { palette, columns } }: Context): Paper {
  return { palette, columns, now: Date.now() };
}

function draw(
  pending: readonly Approval[],
  settled: readonly Approval[],
  names: ReadonlyMap<string, string>,
  paper: Paper,
): string[] {
  const { palette, columns, now } = paper;
  const lines = pending.flatMap((approval) => [
    ...questionBlock(approval, paper, columns === null ? Infinity : mostLines).lines,
    `  ${palette.dim(origin(approval, names, paper))}`,
    '',
  ]);
  if (pending.length === 0) lines.push('Nothing is asked now.', '');
  if (settled.length > 0)
    lines.push(
      palette.dim('Before'),
      ...table(
        settled.map((approval) => [
          { text: idOf(approval, columns), paint: palette.dim },
          { text: outcome(approval, now), paint: stateColour(approval.state, palette) },
          { text: questionLine(approval) },
        ]),
        columns,
        '  ',
      ),
    );
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function origin(
  { jobId, sessionId, askedAt }: Approval,
  names: ReadonlyMap<string, string>,
  { columns, now }: Paper,
): string {
  const session = sessionId === null ? '' : `, a turn of ${names.get(sessionId) ?? sessionId}`;
  return `Asked ${age(askedAt, now)} by job ${columns === null ? jobId : shortId(jobId)}${session}.`;
}

export function approve(
  context: Context,
  text: string | undefined,
  { session = false }: AnswerOptions,
): Promise<number> {
  return answer(context, text, {
    name: 'approve',
    operation: 'approvals.allow',
    scope: session ? 'session' : 'once',
  });
}

export function deny(context: Context, text: string | undefined): Promise<number> {
  return answer(context, text, { name: 'deny', operation: 'approvals.deny', scope: 'once' });
}

interface Answer {
  readonly name: 'approve' | 'deny';
  readonly operation: 'approvals.allow' | 'approvals.deny';
  readonly scope: 'once' | 'session';
}

/** 0 also when the same was answered before; HOMER_USAGE, with the list, when more than one question is meant. */
async function answer(
  context: Context,
  text: string | undefined,
  { name, operation, scope }: Answer,
): Promise<number> {
  // Inside a run with the token of the run, which may ask and not answer.
  const client = await connectFrom(context);
  const found = await findQuestions(client, text);
  const [asked] = found;
  if (found.length > 1) throw several(context, found, name);
  const told = await client.call<ApprovalAnswer>(operation, { params: { id: asked.id }, body: { scope } });
  report(context, told, [
    ...(asked.state === 'pending' ? taken(told.approval, name, scope) : before(told.approval)),
  ]);
  return 0;
}

function taken(approval: Approval, name: Answer['name'], scope: Answer['scope']): string[] {
  const job = shortId(approval.jobId);
  if (name === 'deny')
    return [`Denied: ${questionLine(approval)}`, `Job ${job} is told, and goes on without it.`];
  const kept =
    scope === 'session'
      ? ` ${coverage(approval)}, to the end of its ${approval.sessionId === null ? 'job' : 'session'}`
      : '';
  return [
    `Allowed${kept === '' ? ' once' : kept}: ${questionLine(approval)}`,
    `Job ${job} goes on; \`homer attach ${job}\` shows it.`,
  ];
}

function before(approval: Approval): string[] {
  return [
    `Nothing changes, this was answered so before: ${outcome(approval, Date.now())}.`,
    `  ${questionLine(approval)}`,
  ];
}

function several(context: Context, found: readonly Approval[], name: Answer['name']): HomerError {
  const paper = paperOf(context);
  const ids = found.map((approval) => idOf(approval, paper.columns));
  if (!context.json)
    for (const approval of found.toReversed())
      context.terminal.say(
        `  ${idOf(approval, paper.columns)}  ${outcome(approval, paper.now)}  ${questionLine(approval)}`,
      );
  return new HomerError(
    'HOMER_USAGE',
    `${count(found.length, 'question')} are meant: ${ids.slice(0, 5).join(', ')}.`,
    {
      hint: `Name one, e.g. \`homer ${name} ${ids[0] ?? 'ID'}\`; \`homer approvals\` shows them in full.`,
    },
  );
}
