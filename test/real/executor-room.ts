// One agent CLI through its executor against the scripted model: directories of its own, an environment from nothing, and
// the end of all that was started.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutorKind, Permissions } from '../../src/core/agent.ts';
import type { ExecutorSettings, Turn } from '../../src/executors/executor.ts';
import { openExecutor } from '../../src/executors/open.ts';
import { startModelServer, type ModelServer } from '../fixtures/model-server/server.ts';
import { startAgent, type AgentProcess, type Ending } from './agent-process.ts';

export type End = Extract<Ending, { end: unknown }>['end'];

export interface ExecutorRoom {
  readonly model: ModelServer;
  /** The agent's HOME and working directory, both empty. */
  readonly home: string;
  readonly cwd: string;
  settings(permissions: Permissions, more?: Partial<ExecutorSettings>): ExecutorSettings;
  /** A turn in a session of its own, unless `more` says otherwise. */
  turn(prompt: string, more?: Partial<Turn>): Turn;
  start(settings: ExecutorSettings, turn: Turn, env?: Readonly<Record<string, string>>): AgentProcess;
  /** Starts, and waits for the end. Throws when the agent is to be spawned once more instead. */
  run(settings: ExecutorSettings, turn: Turn, env?: Readonly<Record<string, string>>): Promise<End>;
  clean(): Promise<void>;
}

export interface ExecutorRoomOptions {
  readonly kind: ExecutorKind;
  readonly bin: string;
  /** Where the room is made; some agents refuse to work under the temporary directory. */
  readonly parent: string;
  /** What the agent needs beside PATH, HOME, LANG, TERM and TMPDIR. */
  readonly env: Readonly<Record<string, string>>;
}

export async function createExecutorRoom(options: ExecutorRoomOptions): Promise<ExecutorRoom> {
  const root = await mkdtemp(join(options.parent, `homer-${options.kind}-`));
  const [home, cwd, temporary] = [join(root, 'home'), join(root, 'work'), join(root, 'tmp')];
  for (const directory of [home, cwd, temporary]) await mkdir(directory);
  const model = await startModelServer();
  const executor = openExecutor(options.kind);
  const started: AgentProcess[] = [];

  const room: ExecutorRoom = {
    model,
    home,
    cwd,
    settings: (permissions, more = {}) => ({
      kind: options.kind,
      name: options.kind,
      bin: options.bin,
      args: [],
      permissions,
      input: 'stdin',
      model: null,
      maxTurns: null,
      maxBudgetUsd: null,
      ...more,
    }),
    turn: (prompt, more = {}) => ({
      prompt,
      cwd,
      session: { id: null, mode: 'new' },
      preamble: null,
      ...more,
    }),
    start(settings, turn, env = {}) {
      const agent = startAgent(executor, settings, turn, {
        PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
        HOME: home,
        LANG: 'C.UTF-8',
        TERM: 'dumb',
        TMPDIR: temporary,
        ...options.env,
        ...env,
      });
      started.push(agent);
      return agent;
    },
    run: async (settings, turn, env) => endOf(room.start(settings, turn, env)),
    async clean() {
      for (const agent of started) agent.kill('SIGKILL');
      await Promise.all(started.map((agent) => agent.ended));
      await model.stop();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return room;
}

/** The verdict of an agent. Throws when it is to be spawned once more instead. */
export async function endOf(agent: AgentProcess): Promise<End> {
  const ending = await agent.ended;
  if (!('end' in ending)) throw new Error(`Expected an end, got ${JSON.stringify(ending)}`);
  return ending.end;
}

/** The id of the session an agent told. */
export async function sessionOf(agent: AgentProcess): Promise<string> {
  return (await agent.whenEvent('session')).agentSessionId;
}
