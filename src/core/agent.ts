// An agent as the house sees it: which kind it is, what it may do, and what it says while it works.

import type { AnsweredBy, ApprovalScope } from './approval.ts';
import type { Verdict } from './verdict.ts';

export type ExecutorKind =
  'claude' | 'codex' | 'gemini' | 'kimi' | 'opencode' | 'pi' | 'qwen' | 'acp' | 'command';

/** What an agent may do without a person: `none` nothing but read, `ask` asks for all else, `edits`, or `all`. */
export type Permissions = 'ask' | 'edits' | 'all' | 'none';

export const permissionChoices: readonly Permissions[] = ['ask', 'edits', 'all', 'none'];

/** Unknown is null, never 0. */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  /** Calls of the model. */
  readonly turns?: number | null;
}

/** How a run ended, as its executor read it from the stream. */
export interface EndEvent {
  readonly type: 'end';
  readonly verdict: Verdict;
  /** The answer. */
  readonly text?: string | undefined;
  readonly data?: unknown;
  /** One sentence for a person when the verdict is not `done`. */
  readonly message?: string | undefined;
  /** When a limit is lifted, ms since the epoch. */
  readonly until?: number | undefined;
}

/** The agent asks whether it may use a tool. */
export interface PermissionEvent {
  readonly type: 'permission';
  /** What an answer names; the agent's own word for it. */
  readonly requestId: string;
  /** The tool call it is about, where the agent tells: when that ends, nobody waits for the answer any more. */
  readonly toolId?: string | undefined;
  readonly tool: string;
  readonly input: unknown;
  /** Added by the runner: whether a person is asked, and for how long by the runner's own ticks (null: for ever). */
  readonly waits?: boolean;
  readonly expiresInMs?: number | null;
}

/** How a question ended. An executor says this where it answered itself (`policy`) or the agent took it back (`withdrawn`). */
export interface PermissionAnsweredEvent {
  readonly type: 'permission_answered';
  readonly requestId: string;
  readonly allow: boolean;
  readonly by: AnsweredBy;
  /** Of a person's answer. */
  readonly scope?: ApprovalScope;
}

/** What an agent says, the same for every executor. */
export type AgentEvent =
  | { readonly type: 'session'; readonly agentSessionId: string; readonly model?: string | undefined }
  /** `delta`: the text continues the one before it, without a line break between. */
  | {
      readonly type: 'text';
      readonly text: string;
      readonly delta?: boolean | undefined;
      readonly stream?: 'stderr' | undefined;
    }
  | { readonly type: 'tool_start'; readonly toolId: string; readonly name: string; readonly summary: string }
  | { readonly type: 'tool_end'; readonly toolId: string; readonly ok: boolean; readonly summary: string }
  | PermissionEvent
  | PermissionAnsweredEvent
  /** Of the whole run so far: each takes the place of the one before. */
  | ({ readonly type: 'usage' } & Usage)
  | {
      readonly type: 'retry';
      readonly attempt: number | null;
      readonly delayMs: number | null;
      readonly reason: string;
    }
  | { readonly type: 'limit'; readonly reason: string; readonly until: number | null }
  | EndEvent;
