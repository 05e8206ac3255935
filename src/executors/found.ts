// Agent CLIs found by themselves: looked for by file name only, nothing is started to find out more.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { knownAgents, type KnownAgent } from './known-agents.ts';

/** An agent CLI on this machine, ready to be an entry of `executors`. */
export interface FoundAgent {
  readonly name: KnownAgent['name'];
  readonly kind: KnownAgent['kind'];
  /** Absolute path of an executable file; links are kept, so that an update of the agent is followed. */
  readonly bin: string;
}

/** Where people's own installs end up that a service's PATH does not name. */
function installDirectories(home: string): readonly string[] {
  return [
    join(home, '.local/bin'),
    join(home, '.claude/local'),
    join(home, '.npm-global/bin'),
    join(home, '.volta/bin'),
    join(home, '.bun/bin'),
    join(home, '.local/share/pnpm'),
    join(home, 'Library/pnpm'),
    '/opt/homebrew/bin',
    '/home/linuxbrew/.linuxbrew/bin',
    '/usr/local/bin',
  ];
}

/** Looks along `path` (as in PATH), then in the usual install directories; one entry per known agent, the first found. */
export async function findAgents(places: {
  readonly path: string;
  readonly home: string;
}): Promise<readonly FoundAgent[]> {
  // A relative entry would mean another program in every directory that a job works in.
  const directories = [
    ...new Set([...places.path.split(delimiter).filter(isAbsolute), ...installDirectories(places.home)]),
  ];
  const found = await Promise.all(
    knownAgents.map(async ({ name, kind, program }): Promise<FoundAgent | null> => {
      const bin = await firstExecutable(directories.map((directory) => join(directory, program)));
      return bin === null ? null : { name, kind, bin };
    }),
  );
  return found.filter((agent) => agent !== null);
}

async function firstExecutable(files: readonly string[]): Promise<string | null> {
  for (const file of files) if (await isExecutable(file)) return file;
  return null;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    // A directory passes access(2) for execution too.
    if (!(await stat(file)).isFile()) return false;
    await access(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: either way it was not found here.
    return false;
  }
}
