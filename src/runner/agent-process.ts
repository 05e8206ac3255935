// Starts the agent: its program found, its environment and pipes made, in its isolation, as leader of its own session.

import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Invocation } from '../executors/executor.ts';
import { openAgentPipes } from './agent-pipes.ts';
import type { Isolation } from './files.ts';
import { type Launch, limitCommand } from './launch.ts';
import { sandboxArguments } from './sandbox.ts';
import { isolate, namespaceFd, parseNamespace, unwrapExit } from './isolation.ts';
import { checkWorkingDirectory, findProgram } from './program.ts';
import { createTree, markerName, type Tree } from './tree.ts';

export interface AgentExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface AgentProcess {
  /** Of the process that was spawned: the agent or, around it, the wrapper of its namespace. */
  readonly pid: number;
  /** `pid:[inode]`; null without a namespace of its own. */
  readonly namespace: string | null;
  /** Null when it got all of its input at the start. */
  readonly input: Socket | null;
  readonly output: Socket;
  readonly errorOutput: Socket;
  readonly tree: Tree;
  /** Resolves when it is gone; its output may not be read to the end yet. */
  readonly gone: Promise<AgentExit>;
}

export interface AgentStart {
  readonly invocation: Invocation;
  readonly cwd: string;
  /** The whole environment of the run. */
  readonly env: Readonly<Record<string, string>>;
  readonly marker: string;
  readonly isolation: Isolation;
  readonly launch: Launch;
  /** Of the executor. */
  readonly kind: string;
  /** All of its standard input; null: more is written to it later. */
  readonly wholeInput: string | null;
}

export interface NotStarted {
  /** One sentence. */
  readonly problem: string;
  /** `spawn_failed` unless said otherwise. */
  readonly verdict?: Verdict;
}

/** Throws only when the pipes cannot be made (a full disk). */
export async function startAgent(start: AgentStart): Promise<AgentProcess | NotStarted> {
  const { invocation, cwd, marker, isolation, launch } = start;
  const env: Record<string, string> = { ...start.env, ...invocation.env, [markerName]: marker };
  const unusable = checkWorkingDirectory(cwd);
  if (unusable !== null) return { problem: unusable };
  const found = findProgram(invocation.file, env['PATH'], cwd);
  if ('problem' in found) return found;
  const node = launch.node === null ? null : findProgram(launch.node, env['PATH'], cwd);
  if (node !== null && 'problem' in node) return node;
  if (launch.sandbox !== null && isolation !== 'bwrap')
    return {
      problem: 'A sandbox needs bwrap (bubblewrap), which does not work here.',
      verdict: 'uncontained',
    };
  const sandboxed = { kind: start.kind, bin: invocation.file, cwd, env };
  const mounts = launch.sandbox === null ? null : sandboxArguments(launch.sandbox, sandboxed);
  if (mounts !== null && 'problem' in mounts) return { ...mounts, verdict: 'uncontained' };

  const pipes = openAgentPipes(start.wholeInput);
  const close = (): void => {
    for (const socket of [pipes.input, pipes.output, pipes.errorOutput]) socket?.destroy();
  };
  let child;
  try {
    const program =
      node === null
        ? { file: found.path, args: invocation.args }
        : { file: node.path, args: [found.path, ...invocation.args] };
    const command = limitCommand(launch, isolate(isolation, program, mounts));
    const teller = isolation === 'sweep' ? 'ignore' : 'pipe';
    child = spawn(command.file, command.args, {
      cwd,
      env,
      detached: true,
      stdio: [...pipes.childEnds, teller],
    });
  } catch (error) {
    pipes.handedOver();
    close();
    return { problem: `The program ${found.path} cannot be started: ${messageOf(error)}.` };
  }
  pipes.handedOver();
  const ended = Promise.withResolvers<AgentExit>();
  child.once('exit', (code, signal) => ended.resolve(unwrapExit(isolation, { code, signal })));
  const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(messageOf(error))));
  const { pid } = child;
  if (pid === undefined) {
    close();
    return { problem: `The program ${found.path} cannot be started: ${await failed}.` };
  }
  const teller = child.stdio[namespaceFd];
  const namespace = teller instanceof Socket ? await readNamespace(teller) : null;
  const tree = createTree({ pid, marker, namespace, pipes: pipes.outputFiles });
  const { input, output, errorOutput } = pipes;
  return { pid, namespace, input, output, errorOutput, tree, gone: ended.promise };
}

/**
 * The namespace tells its name before the program starts, or ends without. Its end is not waited for: unshare keeps
 * the descriptor open as long as it lives.
 */
async function readNamespace(teller: Socket): Promise<string | null> {
  let told = '';
  for await (const data of teller) {
    told += (data as Buffer).toString('latin1');
    if (parseNamespace(told) !== null) break;
  }
  return parseNamespace(told);
}
