// The one screen that says how Homer is: a verdict in one sentence, what needs a person, what runs, what comes next.

import type { Lane, Need, StatusAnswer } from './answers.ts';
import {
  clock,
  count,
  firstLine,
  fold,
  oneLine,
  plain,
  sentence,
  span,
  table,
  timeLeft,
  type Cell,
} from './format.ts';
import { shortId } from './job-id.ts';
import type { Palette } from './terminal.ts';

export interface Verdict {
  readonly level: 'ok' | 'needs' | 'bad';
  readonly text: string;
}

/** Never well while something below it is not. */
export function decideVerdict(status: StatusAnswer): Verdict {
  const [first, ...more] = status.problems;
  const others = more.length === 0 ? '' : ` ${count(more.length, 'more thing')} below.`;
  if (status.held)
    return {
      level: 'needs',
      text: 'Homer is held and runs nothing: its state directory was restored, copied or moved.',
    };
  if (first !== undefined)
    return { level: 'bad', text: `Something is wrong: ${sentence(plain(first.message))}${others}` };
  if (status.daemon === 'draining') return { level: 'needs', text: 'Homer is stopping.' };
  if (status.daemon !== 'healthy')
    return { level: 'bad', text: 'Something is wrong; `homer logs` and logs/daemon.log may tell what.' };
  // The parts themselves stand below.
  if (status.health !== undefined && status.health.state !== 'healthy')
    return { level: 'bad', text: 'Something is not well.' };
  const needs = status.needs.total + status.notices.length;
  if (needs > 0)
    return { level: 'needs', text: needs === 1 ? 'One thing needs you.' : `${needs} things need you.` };
  return { level: 'ok', text: 'All is well.' };
}

export interface Paper {
  readonly palette: Palette;
  /** Null: nothing is cut and ids are whole. */
  readonly columns: number | null;
  readonly now: number;
}

/** The lines of the screen. */
export function drawStatus(status: StatusAnswer, paper: Paper): string[] {
  const { palette, columns } = paper;
  const verdict = decideVerdict(status);
  const dot = columns === null ? '' : `${palette[verdict.level]('●')} `;
  const lines = [`${dot}${palette.bold(verdict.text)}${status.held ? '' : work(status)}`];
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', palette.dim(title), ...body);
  };
  const id = (text: string): Cell => ({ text: columns === null ? text : shortId(text), paint: palette.dim });

  const hint = (text: string): string[] => fold(oneLine(text), columns, '    ').map(palette.dim);

  // The verdict has said it.
  const isOfHold = ({ code }: StatusAnswer['problems'][number]): boolean =>
    status.held && code === 'HOMER_HELD';
  if (status.held)
    lines.push(
      ...fold('`homer resume` releases all, once no other copy of it runs.', columns, '  ').map(palette.dim),
    );
  section(
    'Problems',
    status.problems.flatMap((problem) =>
      isOfHold(problem)
        ? []
        : [
            ...fold(sentence(oneLine(problem.message)), columns, '  ').map(palette.bad),
            ...hint(problem.hint),
          ],
    ),
  );
  const changed = status.restart ?? [];
  section(
    'Changed in config.yaml',
    changed.map((key) => `  ${key}: \`homer restart\` puts it in force`),
  );
  const shown = shownNeeds(status.needsYou);
  const unseenFailures = status.needs.failed - shown.filter(({ state }) => state === 'failed').length;
  const unseen = status.needs.total - shown.length - unseenFailures;
  const needs = table(
    shown.map(({ jobId, approvalId, deliveryId, questionId, state, message }) => [
      id(deliveryId ?? jobId ?? questionId ?? ''),
      {
        text: approvalId === null ? state : 'asks',
        paint: state === 'failed' || state === 'dead' ? palette.bad : palette.needs,
      },
      // A command is shown as it is, without a full stop.
      { text: approvalId === null ? sentence(oneLine(message)) : oneLine(message) },
    ]),
    columns,
    '  ',
  );
  const seeHint = ['  `homer jobs seen ID`, or `--all`, takes failures off this list'];
  section('Needs you', [
    ...shown.flatMap((need, index) => [
      needs[index] ?? '',
      ...hint(columns === null ? needHint(need, paper.now) : shorten(needHint(need, paper.now), need)),
    ]),
    ...(unseen > 0 ? [`  and ${unseen} more that wait: \`homer approvals\`, \`homer deliveries\``] : []),
    ...(unseenFailures > 0 ? [`  and ${unseenFailures} more: \`homer jobs --state failed\``] : []),
    ...(status.needs.failed > 0 ? seeHint.map(palette.dim) : []),
  ]);
  section(
    'News',
    status.notices.flatMap((notice) => [
      ...fold(`${clock(notice.at, paper.now)}  ${sentence(oneLine(notice.message))}`, columns, '  ').map(
        (line, index) => (index === 0 ? palette.needs(line) : line),
      ),
      ...hint(columns === null ? notice.hint : notice.hint.replaceAll(notice.id, shortId(notice.id))),
    ]),
  );
  section(
    'Now',
    table(
      status.running.map((job) => [
        id(job.jobId),
        { text: job.lane },
        { text: job.executor },
        {
          text: job.startedAt === null ? '?' : span(paper.now - Date.parse(job.startedAt)),
          paint: palette.live,
        },
        {
          text:
            firstLine(job.prompt) + (job.lastActivity === null ? '' : `  · ${firstLine(job.lastActivity)}`),
        },
      ]),
      columns,
      '  ',
    ),
  );
  section(
    'Next',
    table(
      status.next.map((job) => [
        id(job.jobId),
        { text: job.lane },
        { text: job.dueAt === null ? 'in turn' : clock(job.dueAt, paper.now) },
        { text: firstLine(job.prompt) },
      ]),
      columns,
      '  ',
    ),
  );
  section('Lanes', stillLanes(status.lanes, paper));
  section('Usage limits', usageLimits(status, paper));
  section('Health', troubledComponents(status, paper));
  lines.push('', palette.dim(vitals(status, paper.now)));
  return lines;
}

/** What is not well and was not told among the problems. */
function troubledComponents({ health, problems }: StatusAnswer, { palette, columns }: Paper): string[] {
  const told = new Set(problems.map(({ message }) => message));
  return table(
    (health?.components ?? [])
      .filter(({ status, detail }) => status !== 'pass' && !told.has(detail ?? ''))
      .map(({ name, status, detail }) => [
        { text: name },
        { text: status, paint: status === 'fail' ? palette.bad : palette.needs },
        { text: sentence(oneLine(detail ?? '')) },
      ]),
    columns,
    '  ',
  );
}

/** Last of all, in the words of /health. */
function vitals({ health, version, pid, port, home, startedAt }: StatusAnswer, now: number): string {
  const up = `up ${span(now - Date.parse(startedAt))}`;
  const place = `pid ${pid}, port ${port}, in ${home}`;
  if (health === undefined) return `Homer ${version}, ${up}, ${place}`;
  const { jobsProcessed, jobsQueued, lastHeartbeat } = health.metrics;
  const counts = `${jobsProcessed} processed, ${jobsQueued} queued`;
  const beat = `last heartbeat ${span(Math.max(0, now - Date.parse(lastHeartbeat)))} ago`;
  return `Homer ${version} is ${health.state}, ${up}, ${counts}, ${beat}, ${place}`;
}

const mostFailures = 5;

/** All that waits, and the newest failures: a long list of these would push what is urgent off the screen. */
function shownNeeds(needs: readonly Need[]): readonly Need[] {
  const hasFailed = ({ state }: Need): boolean => state === 'failed';
  return [...needs.filter((need) => !hasFailed(need)), ...needs.filter(hasFailed).slice(0, mostFailures)];
}

function needHint({ hint, expiresAt }: Need, now: number): string {
  if (expiresAt === null) return hint;
  return `${hint} Denied by itself in ${timeLeft(expiresAt, now)}.`;
}

function shorten(text: string, { jobId, approvalId, deliveryId, questionId }: Need): string {
  const ids = [jobId, approvalId, deliveryId, questionId].filter(
    (each) => each !== null && each !== undefined,
  );
  return ids.reduce((short, each) => short.replaceAll(each, shortId(each)), text);
}

function work(status: StatusAnswer): string {
  const parts = [
    ...(status.running.length > 0 ? [`${status.running.length} running`] : []),
    ...(status.queued > 0 ? [`${status.queued} queued`] : []),
  ];
  return parts.length === 0 ? ' Nothing runs.' : ` ${parts.join(', ')}.`;
}

/** Lanes are told only where they explain why nothing moves. */
function stillLanes(lanes: readonly Lane[], { palette, now }: Paper): string[] {
  return lanes.flatMap((lane) => {
    const queued = `with ${count(lane.queued, 'job')} queued`;
    if (lane.paused)
      return [`  ${lane.lane} is ${palette.needs('paused')} ${queued}; \`homer lanes resume ${lane.lane}\``];
    if (lane.closed === null) return [];
    const until = clock(lane.closed.until, now);
    return [
      `  ${lane.lane} ${lane.closed.byUnknown ? `is ${palette.needs('closed')}` : `has ${palette.needs('used up its budget')}`} until ${until} ${queued}; ${plain(lane.closed.why)}`,
    ];
  });
}

function usageLimits({ limits }: StatusAnswer, { palette, now }: Paper): string[] {
  return limits.map(
    ({ executor, until, reason }) =>
      `  ${executor} is ${palette.needs('at its limit')} until ${clock(until, now)}; ${sentence(oneLine(reason))}`,
  );
}
