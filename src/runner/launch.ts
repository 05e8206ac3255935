// How the agent's program is started: through which Node, how nicely, with how many files, in which sandbox.

import { findProgram } from './program.ts';
import type { Command } from './isolation.ts';
import type { Sandbox } from './sandbox.ts';

/** Part of spec.json. */
export interface Launch {
  /** The Node to run the program with; null: it is started as it stands. */
  readonly node: string | null;
  /** Niceness, 0 to 19, see nice(1). */
  readonly nice: number;
  /** Most files that a process of the run may have open; null: as many as the system lets it. */
  readonly openFiles: number | null;
  /** Null: it may write wherever its user may. */
  readonly sandbox: Sandbox | null;
}

/** For a spec that an older daemon wrote. */
export const plainLaunch: Launch = { node: null, nice: 0, openFiles: null, sandbox: null };

// A limit above the system's own cannot be set, and need not be. `exec` keeps the process, so that its parent is the runner.
const filesScript = 'ulimit -n "$1" 2>/dev/null; shift; exec "$@"';

/** The command under these limits, which all it starts inherit. Throws when nice(1) or sh is missing. */
export function limitCommand(launch: Launch, { file, args }: Command): Command {
  let command: Command = { file, args };
  if (launch.openFiles !== null)
    command = {
      file: ownTool('sh'),
      args: ['-c', filesScript, 'limits', String(launch.openFiles), command.file, ...command.args],
    };
  if (launch.nice > 0)
    command = { file: ownTool('nice'), args: ['-n', String(launch.nice), command.file, ...command.args] };
  return command;
}

function ownTool(name: string): string {
  const found = findProgram(name, process.env['PATH'], '/');
  if ('problem' in found) throw new Error(found.problem);
  return found.path;
}
