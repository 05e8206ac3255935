// `homer sessions`: a table, one with its turns, and what can be done with one.

import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { HomerError } from '../../core/errors.ts';
import { agentSessionDirectory } from '../../lifecycle/agent-session-lock.ts';
import type { JobsAnswer, SessionAnswer, SessionsAnswer, SkillsAnswer, TerminalAnswer } from '../answers.ts';
import { type Client } from '../client.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { count } from '../format.ts';
import { drawSession, sessionTable } from '../sessions-screen.ts';
import { shellCommand } from '../shell-words.ts';

export type SessionAction = 'list' | 'show' | 'new' | 'reset' | 'stop' | 'fork' | 'resume';

export interface SessionsOptions {
  readonly executor?: string;
  readonly lane?: string;
  readonly cwd?: string;
  readonly all?: boolean;
}

/** One call of the command. */
interface Call {
  readonly context: Context;
  readonly client: Client;
  readonly name: string;
  readonly other: string | undefined;
  readonly options: SessionsOptions;
}

export async function sessions(
  context: Context,
  action: SessionAction,
  name: string | undefined,
  other: string | undefined,
  options: SessionsOptions,
): Promise<number> {
  if (action === 'list') return list(context, await connectFrom(context), options);
  const wanted = action === 'fork' ? 'NAME NEWNAME' : 'NAME';
  if (name === undefined || (action === 'fork' && other === undefined))
    throw new HomerError('HOMER_USAGE', 'Which session?', { hint: `homer sessions ${action} ${wanted}` });
  await actions[action]({ context, client: await connectFrom(context), name, other, options });
  return 0;
}

async function list(context: Context, client: Client, { all = false }: SessionsOptions): Promise<number> {
  const answer = await client.call<SessionsAnswer>('sessions.list', { query: { ended: String(all) } });
  const { palette, columns } = context.terminal;
  const none = ['There is no session yet; `homer run -s NAME …` makes one.'];
  const lines = sessionTable(answer.sessions, { palette, columns, now: Date.now() });
  report(context, answer, answer.sessions.length === 0 ? none : lines);
  return 0;
}

const mostTurns = 20;

async function show({ context, client, name }: Call): Promise<void> {
  const { session } = await client.call<SessionAnswer>('sessions.get', { params: { id: name } });
  const query = { session: session.id, limit: mostTurns };
  const { jobs, nextCursor } = await client.call<JobsAnswer>('jobs.list', { query });
  const turns = jobs.toReversed();
  const handed = await client.call<SkillsAnswer>('skills.list', { query: { session: session.id } });
  const skills = handed.snapshotId === null ? [] : handed.skills;
  const { palette, columns } = context.terminal;
  const paper = { palette, columns, now: Date.now() };
  const names = skills.map(({ name: skill }) => skill);
  report(context, { session, turns, skills }, drawSession(session, turns, names, nextCursor !== null, paper));
}

async function make({ context, client, name, options }: Call): Promise<void> {
  const { executor, lane, cwd } = options;
  const body = { name, executor, lane, cwd: resolve(cwd ?? '.') };
  const answer = await client.call<SessionAnswer>('sessions.create', { body });
  report(context, answer, [
    `Session ${name} is made: ${answer.session.executor} in ${answer.session.cwd}, lane ${answer.session.lane}.`,
    `\`homer run -s ${name} …\` takes its first turn.`,
  ]);
}

async function reset({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<SessionAnswer>('sessions.reset', { params: { id: name } });
  report(context, answer, [`The next turn of ${name} begins a fresh conversation.`]);
}

async function stop({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<SessionAnswer & { readonly cancelled: number }>('sessions.stop', {
    params: { id: name },
  });
  const turns = answer.cancelled === 0 ? '' : `; ${count(answer.cancelled, 'turn')} cancelled`;
  report(context, answer, [`Session ${name} has ended${turns}.`]);
}

async function fork({ context, client, name, other = '', options }: Call): Promise<void> {
  const body = { name: other, executor: options.executor };
  const answer = await client.call<SessionAnswer>('sessions.fork', { params: { id: name }, body });
  report(context, answer, [
    `Session ${other} goes on from where ${name} is, with ${answer.session.executor}.`,
  ]);
}

async function resume({ context, client, name }: Call): Promise<void> {
  const answer = await client.call<TerminalAnswer>('sessions.terminal', { params: { id: name } });
  const { kind, agentSessionId, env, cwd } = answer;
  const lock = agentSessionDirectory(env['HOME'] ?? homedir(), kind, agentSessionId);
  // Without a directory there, flock(1) would make a file.
  mkdirSync(lock, { recursive: true, mode: 0o700 });
  const variables = Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
  const argv = [
    // The kernel lock that a run takes on the same directory; not handed on, so that what the agent leaves behind lets go of it.
    ...(process.platform === 'linux' ? ['flock', '-n', '-o', '-E', '75', lock] : []),
    ...(variables.length === 0 ? [] : ['env', ...variables]),
    ...answer.argv,
  ];
  const command = shellCommand(cwd, argv);
  const { say, errorPalette } = context.terminal;
  if (!context.json && context.terminal.columns !== null)
    say(
      errorPalette.dim(
        process.platform === 'linux'
          ? 'Turns of the session wait as long as this runs; exit code 75: a turn is under way.'
          : 'Let no turn of the session run meanwhile: on this system nothing keeps them apart.',
      ),
    );
  report(context, { command, argv, cwd }, [command]);
}

const actions: Readonly<Record<Exclude<SessionAction, 'list'>, (call: Call) => Promise<void>>> = {
  show,
  new: make,
  reset,
  stop,
  fork,
  resume,
};
