// The one place that names the executors.

import type { ExecutorKind } from '../core/agent.ts';
import { createAcpExecutor } from './acp.ts';
import { createClaudeExecutor } from './claude.ts';
import { createCodexExecutor } from './codex.ts';
import { createCommandExecutor } from './command.ts';
import type { Executor } from './executor.ts';
import { createGeminiExecutor } from './gemini.ts';
import { createPiExecutor } from './pi.ts';

const makers: Readonly<Record<ExecutorKind, () => Executor>> = {
  claude: createClaudeExecutor,
  gemini: createGeminiExecutor,
  codex: createCodexExecutor,
  kimi: () => createAcpExecutor('kimi'),
  opencode: () => createAcpExecutor('opencode'),
  pi: createPiExecutor,
  qwen: () => createAcpExecutor('qwen'),
  acp: () => createAcpExecutor('acp'),
  command: createCommandExecutor,
};

/** The executor of this kind; it holds no state, so one serves every run. */
export function openExecutor(kind: ExecutorKind): Executor {
  return makers[kind]();
}
