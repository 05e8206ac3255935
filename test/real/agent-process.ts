// Drives one agent through its executor: what the runner does, without its files, limits and kill ladder.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { AgentEvent, EndEvent } from '../../src/core/agent.ts';
import type {
  Executor,
  ExecutorSettings,
  PermissionAnswer,
  Reaction,
  Turn,
} from '../../src/executors/executor.ts';

export type Ending = { readonly end: EndEvent } | { readonly respawnAs: 'new' | 'resume' };

export interface AgentProcess {
  readonly pid: number;
  readonly events: readonly AgentEvent[];
  /** The first event of this type, past or to come; rejects when the agent ends without one. */
  whenEvent<Type extends AgentEvent['type']>(type: Type): Promise<Extract<AgentEvent, { type: Type }>>;
  /** A person's answer to a question of the agent's. */
  answer(answer: PermissionAnswer): void;
  cancel(): void;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ending>;
}

export function startAgent(
  executor: Executor,
  settings: ExecutorSettings,
  turn: Turn,
  env: Readonly<Record<string, string>>,
): AgentProcess {
  const invocation = executor.invocation(settings, turn);
  const conversation = executor.converse(settings, turn);
  const child = spawn(invocation.file, invocation.args, {
    cwd: turn.cwd,
    env: { ...env, ...invocation.env },
    detached: true,
  });
  const events: AgentEvent[] = [];
  const waiting = new Set<{
    type: string;
    found: (event: AgentEvent) => void;
    failed: (error: Error) => void;
  }>();

  const react = (reaction: Reaction): void => {
    for (const event of reaction.events) {
      events.push(event);
      for (const waiter of waiting)
        if (waiter.type === event.type) {
          waiting.delete(waiter);
          waiter.found(event);
        }
    }
    if (reaction.write !== undefined && child.stdin.writable) child.stdin.write(reaction.write);
    if (reaction.closeInput === true) child.stdin.end();
    if (reaction.giveUp === true) child.kill('SIGKILL');
  };
  // An agent that was killed does not read any more; how it ended is told by its exit.
  child.stdin.on('error', () => undefined);
  if (executor.framing === 'lines')
    createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) =>
      react(conversation.output(line)),
    );
  else
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      react(conversation.output(text));
    });
  createInterface({ input: child.stderr }).on('line', (line) => react(conversation.errorOutput(line)));
  react(conversation.started());

  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    // `exit`, not `close`: a tool that outlives a killed agent keeps its pipes open.
    child.once('exit', (code, signal) => {
      setImmediate(() => {
        const ending = conversation.exited({ code, signal });
        for (const waiter of waiting)
          waiter.failed(new Error(`The agent ended first: ${JSON.stringify({ ending, events })}`));
        waiting.clear();
        resolve(ending);
      });
    });
  });

  return {
    pid: child.pid ?? -1,
    events,
    whenEvent: <Type extends AgentEvent['type']>(type: Type) =>
      new Promise<Extract<AgentEvent, { type: Type }>>((found, failed) => {
        const past = events.find((event) => event.type === type);
        if (past !== undefined) found(past as Extract<AgentEvent, { type: Type }>);
        else
          waiting.add({
            type,
            found: (event) => found(event as Extract<AgentEvent, { type: Type }>),
            failed,
          });
      }),
    answer: (answer) => react(conversation.answer(answer)),
    cancel: () => react(conversation.cancel()),
    kill: (signal) => child.kill(signal),
    ended,
  };
}
