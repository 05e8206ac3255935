// What Homer knows of the agents it drives over the Agent Client Protocol; measured with Kimi Code 2.1.0, OpenCode
// 1.18.33 and Qwen Code 0.24.4.

import { join } from 'node:path';
import type { ExecutorKind, Permissions } from '../core/agent.ts';
import type { TurnSkills } from '../core/skill.ts';
import type { ExecutorSettings } from './executor.ts';

export type AcpKind = Extract<ExecutorKind, 'acp' | 'kimi' | 'opencode' | 'qwen'>;

export interface AcpAgent {
  /** For messages; null: as it calls itself, else as its executor is called. */
  readonly title: string | null;
  /** What makes the program speak the protocol, and keep its limits. */
  readonly args: (settings: ExecutorSettings, skills: TurnSkills | undefined) => readonly string[];
  readonly env: (
    settings: ExecutorSettings,
    skills: TurnSkills | undefined,
  ) => Readonly<Record<string, string>>;
  /** The mode in which it asks before it acts, whatever its user has chosen for the terminal. */
  readonly askingMode: string | null;
  /** It ends a turn whose model failed as if it were done: without a last word it is not. */
  readonly hidesFailures: boolean;
  /** The tokens in the answer to a prompt are those of the whole turn. */
  readonly tellsTokens: boolean;
}

const folderOf = ({ directory }: TurnSkills): string => join(directory, 'skills');

const readingTools = ['read', 'glob', 'grep', 'list', 'lsp', 'skill', 'todoread', 'todowrite'];
const actingTools = ['edit', 'bash', 'task', 'webfetch', 'websearch', 'codesearch', 'external_directory'];

/** OpenCode allows everything unless it is told to ask; a tool that is denied is not even offered to the model. */
function openCodePermission(permissions: Permissions, skills: TurnSkills | undefined): string {
  const acting = permissions === 'none' ? 'deny' : 'ask';
  return JSON.stringify({
    '*': acting,
    ...Object.fromEntries(readingTools.map((tool) => [tool, 'allow'])),
    ...Object.fromEntries(actingTools.map((tool) => [tool, acting])),
    // The last rule that fits counts.
    ...(skills === undefined
      ? {}
      : { external_directory: { '*': acting, [`${folderOf(skills)}/*`]: 'allow' } }),
    // It asks a person at a terminal.
    question: 'deny',
  });
}

export const acpAgents: Readonly<Record<AcpKind, AcpAgent>> = {
  acp: {
    title: null,
    args: () => [],
    env: () => ({}),
    askingMode: null,
    hidesFailures: false,
    tellsTokens: true,
  },
  kimi: {
    title: 'Kimi Code',
    // Its `--skills-dir` is passed over here.
    args: () => ['acp'],
    // The default of 10 attempts makes a failing service take minutes to be told; Homer's own queue does the long waiting.
    env: ({ maxTurns }) => ({
      KIMI_CODE_NO_AUTO_UPDATE: '1',
      KIMI_LOOP_MAX_ATTEMPTS_PER_STEP: '3',
      ...(maxTurns === null ? {} : { KIMI_LOOP_MAX_STEPS_PER_TURN: String(maxTurns) }),
    }),
    askingMode: 'default',
    hidesFailures: true,
    tellsTokens: true,
  },
  opencode: {
    title: 'OpenCode',
    args: () => ['acp'],
    env: ({ permissions }, skills) => ({
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_PERMISSION: openCodePermission(permissions, skills),
      // Those in ~/.claude/skills and .agents/skills: they are in the snapshot, or not to be offered.
      ...(skills === undefined ? {} : { OPENCODE_DISABLE_EXTERNAL_SKILLS: '1' }),
    }),
    askingMode: null,
    hidesFailures: false,
    // They are those of the last call of the model only.
    tellsTokens: false,
  },
  qwen: {
    title: 'Qwen Code',
    // Its own default lets a model decide what is safe.
    args: ({ maxTurns }, skills) => [
      '--acp',
      '--approval-mode',
      'default',
      ...(maxTurns === null ? [] : ['--max-session-turns', String(maxTurns)]),
      ...(skills === undefined ? [] : ['--include-directories', folderOf(skills)]),
    ],
    // Otherwise a second process does the work, and lives on when the first is killed.
    env: () => ({ QWEN_CODE_NO_RELAUNCH: '1' }),
    askingMode: 'default',
    hidesFailures: false,
    tellsTokens: true,
  },
};
