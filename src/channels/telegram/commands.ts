// The commands of a chat. Each is one operation, or two, asked for with the rights of a chat, and one answer.

import { isHomerError } from '../../core/errors.ts';
import { brief, literal, shortId, type SeenJob } from './asking.ts';
import { choosing } from './choosing.ts';
import { findJob, jobsOf, say, type Act, type Command } from './desk.ts';
import { timing } from './timing.ts';

const marks: Readonly<Record<string, string>> = {
  scheduled: '🕓',
  queued: '⏳',
  running: '⚙️',
  waiting: '✋',
  parked: '💤',
  succeeded: '✅',
  failed: '❌',
  cancelled: '⏹',
};

const line = (job: SeenJob): string =>
  `${marks[job.state] ?? ''} \`${shortId(job.id)}\` ${job.lane} · ${literal(brief(job.prompt))}`;

const isOpen = ({ state }: SeenJob): boolean => !['succeeded', 'failed', 'cancelled'].includes(state);

const onJob =
  (operation: string, told: (job: SeenJob) => string, fits?: (job: SeenJob) => boolean): Act =>
  async (desk, rest) => {
    const { id } = await findJob(desk, rest, fits);
    const { job } = await desk.ask<{ job: SeenJob }>(operation, { id });
    return say(told(job));
  };

const cancel = onJob(
  'jobs.cancel',
  (job) =>
    isOpen(job)
      ? `Job \`${shortId(job.id)}\` is told to end.`
      : `Job \`${shortId(job.id)}\` is ${job.state}.`,
  isOpen,
);

const decide =
  (operation: 'approvals.allow' | 'approvals.deny'): Act =>
  async (desk, rest) => {
    const { approvals } = await desk.ask<{
      approvals: readonly { id: string; jobId: string; tool: string }[];
    }>('approvals.list', { state: 'pending' });
    const own = desk.isPrivate ? null : new Set((await jobsOf(desk, 200)).map(({ id }) => id));
    const shown = approvals.filter(({ jobId }) => own === null || own.has(jobId));
    const wanted = rest.trim();
    const [first, second] = wanted === '' ? shown : shown.filter(({ id }) => id.endsWith(wanted));
    if (first === undefined) return say('Nothing waits for an answer.');
    if (second !== undefined)
      return say(
        `Which one?\n${shown.map(({ id, tool }) => `\`${shortId(id)}\` ${literal(tool)}`).join('\n')}`,
      );
    await desk.ask(operation, { id: first.id });
    return say(`${literal(first.tool)} is ${operation === 'approvals.allow' ? 'allowed once' : 'denied'}.`);
  };

const answer: Act = async (desk, rest) => {
  const { questions } = await desk.ask<{
    questions: readonly { id: string; jobId: string | null; text: string }[];
  }>('questions.list', { state: 'pending', limit: 200 });
  const own = desk.isPrivate ? null : new Set((await jobsOf(desk, 200)).map(({ id }) => id));
  const shown = questions.filter(({ jobId }) => own === null || (jobId !== null && own.has(jobId)));
  const [, id = '', words = ''] = /^(\S+)(?:\s+([^]*))?$/.exec(rest.trim()) ?? [];
  const [named] = id.length < 4 ? [] : shown.filter((each) => each.id.endsWith(id.toLowerCase()));
  const [only, second] = shown;
  if (only === undefined) return say('Nothing waits for an answer.');
  // With one question the answer alone will do.
  const asked = named ?? (second === undefined ? only : undefined);
  const said = named === undefined ? rest.trim() : words.trim();
  if (asked === undefined || said === '')
    return say(
      `\`/answer ID words\` answers one of these:\n${shown.map((each) => `\`${shortId(each.id)}\` ${literal(brief(each.text))}`).join('\n')}`,
    );
  await desk.ask('questions.answer', { id: asked.id, answer: said });
  return say(`The agent is told: ${literal(brief(said, 200))}`);
};

export const commands: Readonly<Record<string, Command>> = {
  help: { summary: 'What I can do', act: async () => say(helpText()) },
  start: {
    summary: 'Say hello',
    act: async () => say(`I am Homer. Write what is to be done; the answer comes here.\n\n${helpText()}`),
  },
  new: {
    summary: 'Begin a fresh conversation',
    act: async (desk) => {
      await desk.ask('sessions.reset', { id: desk.session }).catch((error: unknown) => {
        // Nothing was said here yet, which is as fresh as it gets.
        if (!isHomerError(error, 'HOMER_SESSION_UNKNOWN')) throw error;
      });
      return say('A fresh conversation begins with your next message.');
    },
  },
  status: {
    summary: 'How things are',
    act: async (desk) => {
      const status = await desk.ask<{
        daemon: string;
        queued: number;
        problems: readonly { message: string }[];
        needs: { readonly total: number };
        running: readonly { jobId: string; prompt: string; lastActivity: string | null }[];
      }>('daemon.status');
      const own = desk.isPrivate ? null : new Set((await jobsOf(desk, 200)).map(({ id }) => id));
      const running = status.running
        .filter(({ jobId }) => own === null || own.has(jobId))
        .map(
          ({ jobId, prompt, lastActivity }) =>
            `⚙️ \`${shortId(jobId)}\` ${literal(brief(lastActivity ?? prompt))}`,
        );
      const needs = status.needs.total === 0 ? '' : `, ${status.needs.total} need you`;
      const problems = status.problems.map(({ message }) => `⚠️ ${literal(message)}`);
      return say(
        [
          `Homer is ${status.daemon}: ${status.running.length} running, ${status.queued} queued${needs}.`,
          ...problems,
          ...running,
        ].join('\n'),
      );
    },
  },
  jobs: {
    summary: 'The newest jobs',
    act: async (desk) => {
      const jobs = (await jobsOf(desk, 50)).slice(0, 10);
      return say(jobs.length === 0 ? 'There is no job yet.' : jobs.map(line).join('\n'));
    },
  },
  job: {
    summary: 'One job: /job ID',
    act: async (desk, rest) => {
      const job = await findJob(desk, rest);
      const end = job.error === null ? (job.result?.text ?? '') : `${job.error.message}\n${job.error.hint}`;
      return say(
        `${line(job)}\n${job.executor}, ${job.state}, made ${job.createdAt ?? '?'}\n\n${end}`.trim(),
      );
    },
  },
  cancel: { summary: 'Cancel a job: /cancel ID', act: cancel },
  stop: { summary: 'Stop what works for this chat', act: (desk) => cancel(desk, '') },
  retry: {
    summary: 'Run a job again: /retry ID',
    act: onJob(
      'jobs.retry',
      (job) => `Job \`${shortId(job.id)}\` is ${job.state} again.`,
      (job) => ['failed', 'cancelled', 'waiting'].includes(job.state),
    ),
  },
  ...choosing,
  ...timing,
  skills: {
    summary: 'The skills agents have',
    act: async (desk) => {
      const { skills } = await desk.ask<{ skills: readonly { name: string; eligible: boolean }[] }>(
        'skills.list',
      );
      const names = skills.filter(({ eligible }) => eligible).map(({ name }) => literal(name));
      return say(names.length === 0 ? 'No skill can be used here.' : names.join(', '));
    },
  },
  approve: { summary: 'Allow what an agent asks', act: decide('approvals.allow') },
  deny: { summary: 'Deny what an agent asks', act: decide('approvals.deny') },
  answer: { summary: 'Answer an agent: /answer ID words', act: answer },
  trace: {
    summary: 'The way of a job: /trace ID',
    act: async (desk, rest) => {
      const { id } = await findJob(desk, rest);
      const { steps } = await desk.ask<{ steps: readonly { at: string; what: string; detail: string }[] }>(
        'jobs.trace',
        { id },
      );
      const rows = steps.map(
        ({ at, what, detail }) =>
          `${at.slice(11, 23)} ${what}${detail === '' ? '' : ` ${literal(brief(detail, 100))}`}`,
      );
      return say([`\`${shortId(id)}\``, ...rows].join('\n'));
    },
  },
};

function helpText(): string {
  const lines = Object.entries(commands)
    .filter(([name]) => name !== 'start')
    .map(([name, { summary }]) => `/${name} – ${summary}`);
  return [
    ...lines,
    '',
    'Files and voice notes go to the agent, too. What it leaves in `outbox/` comes back.',
  ].join('\n');
}
