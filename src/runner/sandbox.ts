// What an agent in a sandbox sees: the whole system, read-only; its working directory and the places it must write to,
// writable; and of Homer nothing. It is a mount namespace made by bwrap(1), so what is not mounted writable cannot be written
// by anybody in it.

import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { placesOf } from '../executors/agent-places.ts';

/** As the daemon asked for it. */
export interface Sandbox {
  /** Absolute paths that are writable besides the working directory; those that are missing are left out. */
  readonly writable: readonly string[];
  /** Writable as well, and real paths: what has become a link since is not followed. Missing in what an older daemon wrote. */
  readonly exact?: readonly string[];
  /** Homer's state directory, absolute and real. */
  readonly masked: string;
  /** What is seen of it all the same, read-only: absolute and real. Missing in what an older daemon wrote. */
  readonly readable?: readonly string[];
}

export interface SandboxedAgent {
  readonly kind: string;
  readonly bin: string;
  /** Real path. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Below the state directory, the only places whose directories may be worked in. */
const workPlaces = ['workspaces', 'worktrees'];

// Root keeps what concerns files and users. What is left out could undo the mounts (SYS_ADMIN), make devices (MKNOD), read
// around them (DAC_READ_SEARCH opens files by handle) or reach into other processes (SYS_PTRACE).
const keptCapabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'NET_BIND_SERVICE'],
];

/**
 * Above the rest of what an agent or a repository's programs see. Root could set the kernel up anew in these, up to a program that
 * the kernel starts outside; for others they are read-only already.
 */
export const systemArguments: readonly string[] = [
  ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys'],
  ...['sysrq-trigger', 'irq', 'bus', 'fs', 'acpi', 'scsi', 'mtrr'].flatMap((name) => [
    ...['--ro-bind-try', `/proc/${name}`, `/proc/${name}`],
  ]),
];

// Where names are resolved on systems that keep resolv.conf in /run.
const namesInRun = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager', '/run/nscd'];

/**
 * Arguments for bwrap; their order matters, a later mount covers an earlier one. Makes the agent's own directories where they are
 * missing. One sentence when there is no sandbox that would hold what it promises.
 */
export function sandboxArguments(
  sandbox: Sandbox,
  agent: SandboxedAgent,
): readonly string[] | { readonly problem: string } {
  const { masked } = sandbox;
  const { cwd } = agent;
  if (pathInside(masked, cwd) !== null && !isWorkPlace(masked, cwd))
    return { problem: `In a sandbox nobody works in ${cwd}: it is part of Homer's state directory.` };
  if (cwd === sep) return { problem: 'In a sandbox nobody works in /: all of it would be writable.' };
  const exact = sandbox.exact ?? [];
  const swapped = exact.find((path) => realPath(path) !== path);
  if (swapped !== undefined)
    return {
      problem: `${swapped} is not what it was when the run was made ready: it is gone, or behind a link.`,
    };
  const writable = [cwd, ...ownPlaces(agent), ...sandbox.writable, ...exact]
    .map(realPath)
    .filter((path) => path !== null);
  const bind = (path: string): readonly string[] => ['--bind', path, path];
  const readable = (path: string): readonly string[] => ['--ro-bind-try', path, path];
  const socket = agent.env['SSH_AUTH_SOCK'];
  return [
    ...systemArguments,
    // Sockets in these are doors to the outside: the user's own service manager would start anything for anybody.
    ...['--unshare-ipc', '--tmpfs', '/tmp', '--tmpfs', '/run'],
    ...namesInRun.flatMap(readable),
    ...(socket === undefined || !isAbsolute(socket) ? [] : readable(socket)),
    ...writable.flatMap(bind),
    // Mounted on themselves they cannot be renamed, which would let another state directory be made in the place of this one.
    ...directoriesBetween(writable, masked).flatMap(bind),
    ...['--tmpfs', masked],
    ...writable.filter((path) => isWorkPlace(masked, path)).flatMap(bind),
    // Not `try`: an agent without what it was promised must not be started.
    ...(sandbox.readable ?? []).flatMap((path) => ['--ro-bind', path, path]),
    // What is written there would be lost without a word.
    ...['--remount-ro', masked, '--remount-ro', '/run'],
    ...droppedCapabilities(),
  ];
}

/** Nothing unless we are root. */
export function droppedCapabilities(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  return ['--cap-drop', 'ALL', ...keptCapabilities.flatMap((name) => ['--cap-add', `CAP_${name}`])];
}

function ownPlaces({ kind, bin, env }: SandboxedAgent): readonly string[] {
  const home = env['HOME'];
  if (home === undefined || !isAbsolute(home)) return [];
  const own = placesOf(kind, bin);
  const directories = (own?.directories ?? []).map((path) => join(home, path));
  // Only the first is made: the others are those of older releases.
  const [first] = directories;
  if (first !== undefined && !existsSync(first)) mkdirSync(first, { recursive: true, mode: 0o700 });
  return [...directories, ...(own?.files ?? []).map((path) => join(home, path)), join(home, '.cache')];
}

function isWorkPlace(masked: string, path: string): boolean {
  return workPlaces.some((place) => pathInside(join(masked, place), path, true) !== null);
}

/** Those on the way to the state directory that an agent could rename, the outermost first. */
function directoriesBetween(writable: readonly string[], masked: string): readonly string[] {
  const found: string[] = [];
  for (let path = dirname(masked); path !== dirname(path); path = dirname(path))
    if (writable.some((place) => pathInside(place, path, true) !== null)) found.unshift(path);
  return found;
}

/** Null when it is not there: then nothing can be mounted on it. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    // Missing, or closed to us: it stays as it is, read-only.
    return null;
  }
}

/** The path from `directory` to `path` when that is in it or the same, else null. */
function pathInside(directory: string, path: string, strictly = false): string | null {
  const way = relative(directory, path);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) || (strictly && way === '')) return null;
  return way;
}
