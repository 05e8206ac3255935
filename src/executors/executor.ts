// The port to one kind of agent CLI. An executor says what to spawn and reads what comes out; it does no I/O
// itself, so that the runner alone owns processes and every executor can be tested by replaying a stream.

import type { AgentEvent, EndEvent, ExecutorKind, Permissions } from '../core/agent.ts';
import type { TurnSkills } from '../core/skill.ts';

/** An executor as configured and found, everything a runner needs; no secret is in it. */
export interface ExecutorSettings {
  readonly kind: ExecutorKind;
  readonly name: string;
  /** Absolute path or bare name of the program; for `command` the first of `argv`. */
  readonly bin: string;
  /** Arguments put before those the executor makes itself; for `command` the rest of `argv`. */
  readonly args: readonly string[];
  readonly permissions: Permissions;
  /** Where a `command` gets the prompt: `{prompt}` in its arguments, or standard input. */
  readonly input: 'argument' | 'stdin';
  readonly model: string | null;
  readonly maxTurns: number | null;
  readonly maxBudgetUsd: number | null;
  /** Starts a server of Homer's own tools; left out: it has none. */
  readonly mcp?: { readonly command: string; readonly args: readonly string[] };
}

/** One turn of an agent: what to do, where, and in which of the agent's own sessions. */
export interface Turn {
  readonly prompt: string;
  readonly cwd: string;
  /** `new`: start a session with this id (null: the agent picks one); `resume`: go on in it. */
  readonly session: {
    readonly id: string | null;
    readonly mode: 'new' | 'resume';
    /** Turns were completed in it before this one: should the agent no longer have it, that is told, never replaced. */
    readonly established?: boolean;
    /** With `new`: begin as a copy of this session; only where the executor `forks`. */
    readonly forkOf?: string;
  };
  /** Said before the prompt when an interrupted turn goes on; null otherwise. */
  readonly preamble: string | null;
  /** Homer's record of the conversation, for an agent that turns out to have nothing of the session. */
  readonly record?: string | null;
  /** Missing: it is handed none. */
  readonly skills?: TurnSkills;
}

export interface Invocation {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the run's environment; never secrets. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the runner must do after it showed the conversation something. */
export interface Reaction {
  readonly events: readonly AgentEvent[];
  /** Text for the agent's standard input. */
  readonly write?: string;
  /** Close the agent's standard input, after `write`. */
  readonly closeInput?: boolean;
  /** Nothing will come of it any more: end the agent at once; `exited` then tells the verdict. */
  readonly giveUp?: boolean;
  /** The agent refused the session in this mode: spawn it once more, once per run, with `turnAs(turn, mode)`. */
  readonly respawnAs?: 'new' | 'resume';
}

export interface PermissionAnswer {
  readonly requestId: string;
  readonly allow: boolean;
  /** Told to the agent when it is denied. */
  readonly message?: string | undefined;
}

/** One spawned agent, as a dialogue. Every method is called in the order of what happened; none may throw. */
export interface Conversation {
  /** Just before the spawn: what is written here is there when the agent first reads. */
  started(): Reaction;
  /** A line of standard output without its end (`lines`), or text as it came (`chunks`). */
  output(text: string): Reaction;
  /** A line of standard error without its end. */
  errorOutput(line: string): Reaction;
  answer(answer: PermissionAnswer): Reaction;
  /** A polite request to stop, in the agent's own protocol; the ladder goes on if nothing comes of it. */
  cancel(): Reaction;
  /** The process is gone and its output read: the verdict, unless `respawnAs` asks for another try. */
  exited(exit: {
    readonly code: number | null;
    readonly signal: string | null;
  }): { readonly end: EndEvent } | { readonly respawnAs: 'new' | 'resume' };
}

export interface Executor {
  readonly kind: ExecutorKind;
  readonly framing: 'lines' | 'chunks';
  /** The agent accepts a session id chosen by Homer, so that it is known before the first byte. */
  readonly choosesSessionId: boolean;
  /** Runs of this kind can go on in their agent session after they were cut off. */
  readonly resumable: boolean;
  /** A session can begin as a copy of another. */
  readonly forks?: boolean;
  /** It has a way of its own to be handed `Turn.skills`; others are told before the prompt. */
  readonly takesSkills?: boolean;
  invocation(settings: ExecutorSettings, turn: Turn): Invocation;
  /**
   * `hide` takes secrets out of a text. What is shown to a conversation of `chunks`, and every line of standard error, has
   * none any more; of a line of a protocol, what is cut has to be hidden before, since half a secret is not found. `env`: the
   * run's.
   */
  converse(
    settings: ExecutorSettings,
    turn: Turn,
    hide?: (text: string) => string,
    env?: Readonly<Record<string, string>>,
  ): Conversation;
}
