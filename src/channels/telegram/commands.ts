// The commands of a chat. Each is one operation, or two, asked for with the rights of a chat, and one answer.

import type { Button } from '../channel.ts';
import { brief, literal, shortId, type SeenJob } from './asking.ts';
import type { Choices } from './conversation.ts';

/** What a command may do. */
export interface Desk {
  readonly ask: <Answer>(name: string, input?: Readonly<Record<string, unknown>>) => Promise<Answer>;
  readonly session: string;
  readonly choices: Choices;
  readonly choose: (choices: Choices) => Promise<void>;
  /** Gives the rest of the message to an agent, as if it had been said in that lane. */
  readonly say: (text: string, choices: Choices) => Promise<void>;
  /** `telegram:CHAT` */
  readonly source: string;
  /** In a group only the jobs of the group are told. */
  readonly isPrivate: boolean;
}

/** null: the command has answered by what it did. */
export type Reply = { readonly text: string; readonly buttons?: readonly (readonly Button[])[] } | null;

type Act = (desk: Desk, rest: string) => Promise<Reply>;

interface Command {
  readonly summary: string;
  readonly act: Act;
}

const say = (text: string): Reply => ({ text });

async function jobsOf(desk: Desk, limit: number): Promise<readonly SeenJob[]> {
  const { jobs } = await desk.ask<{ jobs: readonly SeenJob[] }>('jobs.list', { limit });
  return desk.isPrivate ? jobs : jobs.filter(({ source }) => source === desk.source);
}

/** By id, its last characters, or the last one of the chat; throws a sentence. */
async function findJob(
  desk: Desk,
  text: string,
  fits: (job: SeenJob) => boolean = () => true,
): Promise<SeenJob> {
  const jobs = await jobsOf(desk, 200);
  const wanted = text.trim().toLowerCase();
  const found =
    wanted === '' || wanted === 'last'
      ? jobs.find((job) => fits(job) && job.source === desk.source)
      : jobs.find(({ id }) => id === wanted || (wanted.length >= 4 && id.endsWith(wanted)));
  if (found !== undefined) return found;
  throw new Error(wanted === '' ? 'There is no such job in this chat.' : `There is no job ${wanted}.`);
}

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

const inLane =
  (lane: string): Act =>
  async (desk, rest) => {
    const choices = { ...desk.choices, lane };
    if (rest.trim() === '') {
      await desk.choose(choices);
      return say(`From now on in lane ${lane}. \`/lane default\` goes back.`);
    }
    await desk.say(rest, choices);
    return null;
  };

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

export const commands: Readonly<Record<string, Command>> = {
  help: { summary: 'What I can do', act: async () => say(helpText()) },
  start: {
    summary: 'Say hello',
    act: async () => say(`I am Homer. Write what is to be done; the answer comes here.\n\n${helpText()}`),
  },
  new: {
    summary: 'Begin a fresh conversation',
    act: async (desk) => {
      await desk.ask('sessions.reset', { id: desk.session });
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
        needsYou: readonly unknown[];
        running: readonly { jobId: string; prompt: string; lastActivity: string | null }[];
      }>('daemon.status');
      const own = desk.isPrivate ? null : new Set((await jobsOf(desk, 200)).map(({ id }) => id));
      const running = status.running
        .filter(({ jobId }) => own === null || own.has(jobId))
        .map(
          ({ jobId, prompt, lastActivity }) =>
            `⚙️ \`${shortId(jobId)}\` ${literal(brief(lastActivity ?? prompt))}`,
        );
      const needs = status.needsYou.length === 0 ? '' : `, ${status.needsYou.length} need you`;
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
  lane: {
    summary: 'Choose the lane: /lane NAME',
    act: async (desk, rest) => {
      const { lanes } = await desk.ask<{
        lanes: readonly { lane: string; running: number; queued: number }[];
      }>('lanes.list');
      const wanted = rest.trim().toLowerCase();
      const names = lanes.map(({ lane, running, queued }) => `${lane}: ${running} running, ${queued} queued`);
      if (wanted === '') return say(`Now ${desk.choices.lane ?? 'default'}.\n${names.join('\n')}`);
      if (!lanes.some(({ lane }) => lane === wanted))
        return say(`There is no lane ${literal(wanted)}.\n${names.join('\n')}`);
      const { lane: _, ...others } = desk.choices;
      await desk.choose(wanted === 'default' ? others : { ...others, lane: wanted });
      return say(`From now on in lane ${wanted}.`);
    },
  },
  agent: {
    summary: 'Choose the agent: /agent NAME',
    act: async (desk, rest) => {
      const { executors } = await desk.ask<{
        executors: readonly { name: string; kind: string; isDefault: boolean }[];
      }>('executors.list');
      const agents = executors.filter(({ kind }) => kind !== 'command');
      const wanted = rest.trim().toLowerCase();
      const names = agents.map(({ name, isDefault }) => `${name}${isDefault ? ' (default)' : ''}`).join(', ');
      if (wanted === '') return say(`Now ${desk.choices.agent ?? 'the default'}. There are: ${names}.`);
      const { agent: _, ...others } = desk.choices;
      if (wanted !== 'default' && !executors.some(({ name }) => name === wanted))
        return say(`There is no agent ${literal(wanted)}. There are: ${names}.`);
      await desk.choose(wanted === 'default' ? others : { ...others, agent: wanted });
      return say(`From now on ${wanted}. Each agent has a conversation of its own here.`);
    },
  },
  work: { summary: 'Something for the lane work', act: inLane('work') },
  life: { summary: 'Something for the lane life', act: inLane('life') },
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
  verbose: {
    summary: 'What I show of work: /verbose 0, 1 or 2',
    act: async (desk, rest) => {
      const wanted = rest.trim();
      if (!/^[012]$/.test(wanted))
        return say(
          '`/verbose 0` the result only, `1` the tools that are used, `2` also what the agent says.',
        );
      await desk.choose({ ...desk.choices, verbosity: Number(wanted) as 0 | 1 | 2 });
      return say(`From the next run on: ${['the result only', 'tools', 'everything'][Number(wanted)]}.`);
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
