// The executor for agents that speak the Agent Client Protocol on their standard input and output: one driver, and what it has to
// know of each agent in a table.

import { acpAgents, type AcpKind } from './acp-agents.ts';
import { createAcpConversation } from './acp-conversation.ts';
import type { Executor } from './executor.ts';

/** Runs an ACP agent, one process per turn; the agent chooses its session's id and tells it before it works. */
export function createAcpExecutor(kind: AcpKind): Executor {
  const agent = acpAgents[kind];
  return {
    kind,
    framing: 'lines',
    choosesSessionId: false,
    resumable: true,
    invocation: (settings, { skills }) => ({
      file: settings.bin,
      args: [...settings.args, ...agent.args(settings, skills)],
      env: agent.env(settings, skills),
    }),
    converse: (settings, turn, hide, env) => createAcpConversation(agent, settings, turn, hide, env),
  };
}
