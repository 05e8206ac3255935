// The executor for Claude Code: stream-json both ways, so that it can be asked, answered and interrupted while it
// works. Flags and lines were measured with 2.1.330; docs/decisions/ says why this transport.

import type { Permissions } from '../core/agent.ts';
import { createClaudeConversation } from './claude-conversation.ts';
import { claudeSkillArguments } from './claude-skills.ts';
import type { Executor, ExecutorSettings, Turn } from './executor.ts';
import { claudeToolArguments } from './homer-tools.ts';

/** Runs Claude Code, one process per turn, with a session id that Homer chooses. */
export function createClaudeExecutor(): Executor {
  return {
    kind: 'claude',
    framing: 'lines',
    choosesSessionId: true,
    resumable: true,
    forks: true,
    takesSkills: true,
    invocation: (settings, turn) => ({
      file: settings.bin,
      args: [...settings.args, ...argumentsOf(settings, turn)],
      env: environmentOf(settings.permissions),
    }),
    converse: createClaudeConversation,
  };
}

// Tools that need a person at a terminal, or a process that lives on after its turn: a wake-up the agent plans for
// itself would silently never come, since every turn is a process of its own.
const toolsOfNoUse = [
  'AskUserQuestion',
  'EnterPlanMode',
  'ExitPlanMode',
  'CronCreate',
  'CronDelete',
  'CronList',
  'ScheduleWakeup',
  'Monitor',
];

// `none` is a hard limit: `dontAsk` alone still runs whatever the allow rules of the user's own settings name, and
// `plan` lets a classifier decide about commands.
const readOnly = ['--permission-mode', 'dontAsk', '--tools=Read,Glob,Grep', '--strict-mcp-config'];
// The tool for skills runs nothing by itself: commands in a SKILL.md are put to the same rules, and refused.
const readOnlyWithSkills = readOnly.map((each) => (each.startsWith('--tools=') ? `${each},Skill` : each));

const permissionArguments: Readonly<Record<Permissions, readonly string[]>> = {
  ask: ['--permission-mode', 'default'],
  edits: ['--permission-mode', 'acceptEdits'],
  all: ['--permission-mode', 'bypassPermissions'],
  none: readOnly,
};

function argumentsOf(settings: ExecutorSettings, turn: Turn): readonly string[] {
  const args = [
    '-p',
    '--input-format',
    'stream-json',
    '--output-format',
    'stream-json',
    // Without it stream-json is refused (exit 1).
    '--verbose',
    '--permission-prompt-tool',
    'stdio',
    ...(settings.permissions === 'none' && turn.skills !== undefined
      ? readOnlyWithSkills
      : permissionArguments[settings.permissions]),
    `--disallowedTools=${toolsOfNoUse.join(',')}`,
  ];
  args.push(...claudeToolArguments(settings));
  const { id, mode, forkOf } = turn.session;
  // Without an id it would pick one for the copy.
  if (forkOf !== undefined && mode === 'new') args.push('--resume', forkOf, '--fork-session');
  if (id !== null) args.push(mode === 'new' ? '--session-id' : '--resume', id);
  if (settings.model !== null) args.push('--model', settings.model);
  if (settings.maxTurns !== null) args.push('--max-turns', String(settings.maxTurns));
  if (settings.maxBudgetUsd !== null) args.push('--max-budget-usd', String(settings.maxBudgetUsd));
  if (turn.skills !== undefined) args.push(...claudeSkillArguments(turn.skills, settings.args));
  return args;
}

function environmentOf(permissions: Permissions): Readonly<Record<string, string>> {
  const env = {
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    // The default of 10 makes a wrong key take three minutes to be told; Homer's own queue does the long waiting.
    CLAUDE_CODE_MAX_RETRIES: '2',
    // A command left in the background outlives the answer: the agent then waits for it, for ever if it is a server.
    // So commands stay in the foreground, and may take as long there as a run does (its own maximum is 10 minutes).
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    BASH_MAX_TIMEOUT_MS: '1800000',
  };
  // As root it refuses `bypassPermissions` (exit 1) unless this says that root is meant.
  return permissions === 'all' && process.getuid?.() === 0 ? { ...env, IS_SANDBOX: '1' } : env;
}
