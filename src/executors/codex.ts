// The executor for Codex: `codex exec --json`, one process per turn, the prompt on standard input. Flags and lines were
// measured with 0.169.0.

import type { Permissions } from '../core/agent.ts';
import type { TurnSkills } from '../core/skill.ts';
import { createCodexConversation } from './codex-conversation.ts';
import type { Executor, ExecutorSettings, Turn } from './executor.ts';
import { codexToolArguments } from './homer-tools.ts';

/** Runs Codex in its own sandbox; it names its session ("thread") itself, in its first line. */
export function createCodexExecutor(): Executor {
  return {
    kind: 'codex',
    framing: 'lines',
    choosesSessionId: false,
    resumable: true,
    invocation: (settings, turn) => ({ file: settings.bin, args: argumentsOf(settings, turn), env: {} }),
    converse: createCodexConversation,
  };
}

// Without a terminal Codex asks nobody: what its sandbox does not allow fails, and the model is told so. So `ask` and
// `edits` are the same here. Settings, not `--sandbox`, which `resume` does not know; they go before the person's own.
const permissionArguments: Readonly<Record<Permissions, readonly string[]>> = {
  none: ['-c', 'sandbox_mode="read-only"', '-c', 'approval_policy="never"'],
  ask: ['-c', 'sandbox_mode="workspace-write"', '-c', 'approval_policy="never"'],
  edits: ['-c', 'sandbox_mode="workspace-write"', '-c', 'approval_policy="never"'],
  all: ['--dangerously-bypass-approvals-and-sandbox'],
};

/** Switches off by name what it finds by itself in .agents/skills: that is told before the prompt, or is not to be offered. */
function hiddenSkills({ hidden }: TurnSkills): readonly string[] {
  const entries = hidden.map((name) => `{name=${tomlText(name)},enabled=false}`);
  const setting = `skills.config=[${entries.join()}]`;
  // More does not fit into one argument (MAX_ARG_STRLEN, execve(2)); then some are there twice.
  return hidden.length === 0 || Buffer.byteLength(setting) > 100 * 1024 ? [] : ['-c', setting];
}

/** As JSON writes it, which is TOML too but for DEL and for halves of characters; names of folders may hold either. */
function tomlText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\x7f', '\\u007f');
}

function argumentsOf(settings: ExecutorSettings, turn: Turn): readonly string[] {
  const { id, mode } = turn.session;
  const resumes = mode === 'resume' && id !== null;
  // The person's arguments stand before `resume`: flags that only `exec` knows (`--add-dir`) count there too.
  const args = ['exec', ...settings.args, ...(resumes ? ['resume'] : [])];
  // Jobs need not work in a repository.
  args.push('--json', '--skip-git-repo-check', ...permissionArguments[settings.permissions]);
  if (settings.model !== null) args.push('--model', settings.model);
  if (turn.skills !== undefined) args.push(...hiddenSkills(turn.skills));
  args.push(...codexToolArguments(settings));
  // `-`: the prompt is standard input.
  return [...args, ...(resumes ? [id] : []), '-'];
}
