// The agent CLIs Homer knows by name: what drives them, what their program is called and how they get here.

import type { ExecutorKind } from '../core/agent.ts';

export interface KnownAgent {
  /** Of its entry in `executors`. */
  readonly name: string;
  readonly kind: Exclude<ExecutorKind, 'command'>;
  /** File name of its program. */
  readonly program: string;
  /** The command that installs it, for a person to copy; Homer never runs it. */
  readonly install: string;
}

/** In the order in which one is taken as the default. */
export const knownAgents: readonly KnownAgent[] = [
  {
    name: 'claude',
    kind: 'claude',
    program: 'claude',
    install: 'npm install -g @anthropic-ai/claude-code',
  },
  {
    name: 'codex',
    kind: 'codex',
    program: 'codex',
    install: 'npm install -g @openai/codex',
  },
  {
    name: 'gemini',
    kind: 'gemini',
    program: 'gemini',
    install: 'npm install -g @google/gemini-cli',
  },
  { name: 'kimi', kind: 'kimi', program: 'kimi', install: 'npm install -g @moonshot-ai/kimi-code' },
  { name: 'opencode', kind: 'opencode', program: 'opencode', install: 'npm install -g opencode-ai' },
  { name: 'pi', kind: 'pi', program: 'pi', install: 'npm install -g @earendil-works/pi-coding-agent' },
  { name: 'qwen', kind: 'qwen', program: 'qwen', install: 'npm install -g @qwen-code/qwen-code' },
];
