// The executor for pi: `pi --mode json -p`, one process per turn, the prompt on standard input. Flags and lines were measured
// with 0.87.1.

import { join } from 'node:path';
import type { Permissions } from '../core/agent.ts';
import type { Executor, ExecutorSettings, Turn } from './executor.ts';
import { createPiConversation } from './pi-conversation.ts';

/** Runs pi, with a session id that Homer chooses. */
export function createPiExecutor(): Executor {
  return {
    kind: 'pi',
    framing: 'lines',
    choosesSessionId: true,
    resumable: true,
    takesSkills: true,
    invocation: (settings, turn) => ({
      file: settings.bin,
      args: [...settings.args, ...argumentsOf(settings, turn)],
      // An install of an agent is its owner's affair, and a run must not wait for its news.
      env: { PI_SKIP_VERSION_CHECK: '1', PI_TELEMETRY: '0' },
    }),
    converse: createPiConversation,
  };
}

const reading = 'read,grep,find,ls';

// pi has neither approvals nor a sandbox: what is not to be done is not offered to the model. Extensions are programs, and a
// project brings its own, so `none` starts none.
const permissionArguments: Readonly<Record<Permissions, readonly string[]>> = {
  none: ['--tools', reading, '--no-extensions', '--no-approve'],
  ask: ['--tools', reading],
  edits: ['--tools', `${reading},edit,write`],
  all: [],
};

function argumentsOf(settings: ExecutorSettings, turn: Turn): readonly string[] {
  const args = ['--mode', 'json', '-p', ...permissionArguments[settings.permissions]];
  // `--session-id` begins a session when there is none, which must not happen to one that is to go on.
  if (turn.session.id !== null)
    args.push(turn.session.mode === 'new' ? '--session-id' : '--session', turn.session.id);
  if (settings.model !== null) args.push('--model', settings.model);
  // Those it would find by itself are in the snapshot, or not to be offered.
  if (turn.skills !== undefined) args.push('--no-skills', '--skill', join(turn.skills.directory, 'skills'));
  return args;
}
