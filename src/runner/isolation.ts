// Ways to keep an agent together so that all of it can be ended: a PID namespace of its own, whose end is the end of
// everything in it, where the system allows one.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Isolation } from './files.ts';
import { findProgram } from './program.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** Descriptor on which a namespace tells its name before the program starts. */
export const namespaceFd = 3;

/**
 * The first process of an unshare namespace: says which one it is, runs the program as its child (a PID 1 ignores signals
 * it has no handler for), reaps orphans while it waits, and passes the exit status on. `exit $?` keeps the shell from
 * making the program its successor.
 */
const initScript = [
  `readlink /proc/self/ns/pid >&${namespaceFd}`,
  // The shell's own remarks (`Killed`) are not the program's.
  `exec ${namespaceFd}>&- 4>&2 2>/dev/null`,
  '"$@" 2>&4 4>&-',
  'exit $?',
].join('; ');

const wholeSystem = ['--dev-bind', '/', '/', '--proc', '/proc'];

/**
 * Wraps a command; `file` must be absolute. `mounts` is what it sees of the system; only bwrap can do that. The wrappers are looked up
 * on our own PATH. Throws when one is missing.
 */
export function isolate(
  isolation: Isolation,
  { file, args }: Command,
  mounts: readonly string[] | null = null,
): Command {
  switch (isolation) {
    case 'sweep':
      return { file, args };
    case 'bwrap':
      return {
        file: wrapper('bwrap'),
        args: [
          ...['--unshare-pid', '--die-with-parent', ...(mounts ?? wholeSystem)],
          ...['--info-fd', String(namespaceFd), '--', file, ...args],
        ],
      };
    case 'unshare':
      // --kill-child ends the namespace with unshare, setpriv ends unshare with us.
      return {
        file: wrapper('setpriv'),
        args: [
          ...['--pdeathsig', 'KILL', wrapper('unshare'), '--pid', '--fork', '--kill-child', '--mount-proc'],
          ...[wrapper('sh'), '-c', initScript, 'init', file, ...args],
        ],
      };
  }
}

/** The namespace as `pid:[inode]`, from what came over `namespaceFd`: JSON of bwrap, or a line of the init script. */
export function parseNamespace(text: string): string | null {
  const inode = /"pid-namespace":\s*(\d+)\s*[,}]/.exec(text)?.[1] ?? /^pid:\[(\d+)\]/.exec(text)?.[1];
  return inode === undefined ? null : `pid:[${inode}]`;
}

/**
 * The exit of the program behind a wrapper: bwrap and sh pass death by a signal on as 128 + its number. A program that really
 * exits with such a code cannot be told from one that was killed; by convention it means the same.
 */
export function unwrapExit(
  isolation: Isolation,
  exit: { readonly code: number | null; readonly signal: string | null },
): { readonly code: number | null; readonly signal: string | null } {
  if (isolation === 'sweep' || exit.code === null || exit.code <= 128) return exit;
  const number = exit.code - 128;
  const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return signal === undefined ? exit : { code: null, signal };
}

/** The strongest isolation that works here, tried for real: bwrap, then unshare (root only), else a sweep. */
export async function detectIsolation(): Promise<Isolation> {
  if (process.platform !== 'linux') return 'sweep';
  if (await works('bwrap')) return 'bwrap';
  // Without root it would need a user namespace with a mapping of its own.
  if (process.getuid?.() === 0 && (await works('unshare'))) return 'unshare';
  return 'sweep';
}

function works(isolation: Isolation): Promise<boolean> {
  return new Promise((resolve) => {
    let command: Command;
    try {
      command = isolate(isolation, { file: wrapper('sh'), args: ['-c', 'exit 42'] });
    } catch {
      // A wrapper is not installed: this way is closed.
      resolve(false);
      return;
    }
    let said = '';
    const child = spawn(command.file, command.args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      timeout: 5000,
    });
    child.once('error', () => resolve(false));
    // Without a descriptor left there is no stdio, whatever its type says; the error above follows.
    const stdio = child.stdio as ChildProcess['stdio'] | undefined;
    stdio?.[namespaceFd]?.on('data', (data: Buffer) => (said += data.toString('latin1')));
    child.once('close', (code) => resolve(code === 42 && parseNamespace(said) !== null));
  });
}

function wrapper(name: string): string {
  const found = findProgram(name, process.env['PATH'], '/');
  if ('problem' in found) throw new Error(found.problem);
  return found.path;
}
