// How a person goes on at a terminal in a session that an agent had under Homer.

import type { ExecutorKind } from '../core/agent.ts';

const byKind: Readonly<Partial<Record<string, (id: string) => readonly string[]>>> = {
  claude: (id) => ['--resume', id],
  codex: (id) => ['resume', id],
  gemini: (id) => ['--resume', id],
  kimi: (id) => ['--session', id],
  opencode: (id) => ['--session', id],
  pi: (id) => ['--session', id],
  qwen: (id) => ['--resume', id],
};

/** The arguments after the program; null where Homer does not know the agent, or it keeps no sessions. */
export function terminalArguments(kind: ExecutorKind, agentSessionId: string): readonly string[] | null {
  return byKind[kind]?.(agentSessionId) ?? null;
}
