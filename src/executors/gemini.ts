// The executor for Gemini CLI: headless stream-json, the prompt on standard input, a session id that Homer chooses. Flags
// and lines were measured with 0.61.0. Not ACP: its `session/load` finds no session there.

import { join } from 'node:path';
import type { Permissions } from '../core/agent.ts';
import type { Executor, ExecutorSettings, Turn } from './executor.ts';
import { createGeminiConversation } from './gemini-conversation.ts';

/** Runs Gemini CLI, one process per turn. Its sessions belong to the working directory they were started in. */
export function createGeminiExecutor(): Executor {
  return {
    kind: 'gemini',
    framing: 'lines',
    choosesSessionId: true,
    resumable: true,
    invocation: (settings, turn) => ({
      file: settings.bin,
      args: [...settings.args, ...argumentsOf(settings, turn)],
      env: {
        // Otherwise it starts itself once more, and the child lives on when the parent is killed.
        GEMINI_CLI_NO_RELAUNCH: 'true',
        // A folder that nobody declared as trusted makes every mode the default one.
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
      },
    }),
    converse: (settings, turn, hide) => createGeminiConversation(settings, turn, hide),
  };
}

const readOnlyPolicy = join(import.meta.dirname, 'gemini-read-only.toml');

// Headless it never asks: what its mode and the user's own rules do not allow is not even shown to the model. So `ask`
// is its default mode, which reads, and has the rest only where the user's settings allow it.
const permissionArguments: Readonly<Record<Permissions, readonly string[]>> = {
  ask: ['--approval-mode', 'default'],
  edits: ['--approval-mode', 'auto_edit'],
  all: ['--approval-mode', 'yolo'],
  // Not `plan`, which may write its plans. No extension and no MCP server has this name, so none is started.
  none: [
    ...['--approval-mode', 'default', '--admin-policy', readOnlyPolicy],
    ...['--extensions', 'none', '--allowed-mcp-server-names', 'none'],
  ],
};

function argumentsOf(settings: ExecutorSettings, turn: Turn): readonly string[] {
  const args = ['--output-format', 'stream-json', ...permissionArguments[settings.permissions]];
  if (turn.session.id !== null)
    args.push(turn.session.mode === 'new' ? '--session-id' : '--resume', turn.session.id);
  if (settings.model !== null) args.push('--model', settings.model);
  // Its tools for files see nothing outside of the working directory otherwise.
  if (turn.skills !== undefined) args.push('--include-directories', join(turn.skills.directory, 'skills'));
  return args;
}
