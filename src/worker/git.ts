// git(1) on repositories that agents have worked in. Their configuration may name programs that git would start as us: hooks, a
// file system monitor, filters. None of these are run, unless they stand in the owner's own configuration. But a run that lives can
// change a configuration that was looked at a moment ago; so where there is bwrap(1), git and all it starts can write to nothing but
// the repository and the worktree, which agents could write to before.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Isolation } from '../runner/files.ts';
import { droppedCapabilities, systemArguments } from '../runner/sandbox.ts';

const longestMs = 120_000;
const mostBytes = 16 * 1024 * 1024;

const harmless: Settings = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.sshCommand', 'false'],
  ['protocol.allow', 'never'],
  ['submodule.recurse', 'false'],
  // A nested repository has a configuration of its own.
  ['diff.ignoreSubmodules', 'all'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
];

type Settings = readonly (readonly [key: string, value: string])[];

export interface GitPlace {
  /** Where git is started. */
  readonly cwd: string;
  /** Real paths: what git may read of what is hidden otherwise (the state directory, /tmp), and what it may write. */
  readonly readable?: readonly string[];
  readonly writable: readonly string[];
  /** Ends git and all it started. */
  readonly signal?: AbortSignal | undefined;
}

/** Standard output without its last line end. Rejects with git's own complaint, or with the signal's reason. */
export type Git = (place: GitPlace, ...args: readonly string[]) => Promise<string>;

export interface GitOptions {
  /** PATH and HOME are passed on, nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The state directory, real. */
  readonly home: string;
  readonly isolation: () => Promise<Isolation>;
}

export function createGit({ env, home, isolation }: GitOptions): Git {
  const own = {
    PATH: env['PATH'],
    HOME: env['HOME'],
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // A partial clone would fetch what is missing through a program of its choice.
    GIT_NO_LAZY_FETCH: '1',
  };
  const run = async (place: GitPlace, args: readonly string[], settings: Settings): Promise<string> => {
    const wall = (await isolation()) === 'bwrap' ? wallArguments(home, place) : [];
    const [file = 'git', ...rest] = [...wall, 'git', ...args];
    const limit = AbortSignal.timeout(longestMs);
    const signal = place.signal === undefined ? limit : AbortSignal.any([place.signal, limit]);
    signal.throwIfAborted();
    const child = spawn(file, rest, {
      cwd: place.cwd,
      env: { ...own, ...environmentOf(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what git started can be ended with it.
      detached: true,
    });
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    signal.addEventListener('abort', end, { once: true });
    const closed = once(child, 'close') as Promise<[number | null]>;
    // Told below; without a descriptor left there is nothing to read from, and it rejects while nobody waits for it.
    closed.catch(() => undefined);
    try {
      const [output, complaint] = await Promise.all([readText(child.stdout), readText(child.stderr)]);
      const [code] = await closed;
      signal.throwIfAborted();
      if (code === 0) return output.replace(/\n$/, '');
      const said = complaint.trim().split('\n').at(-1) ?? '';
      throw new Error(`git ${args[0] ?? ''}: ${said === '' ? `ended with ${String(code)}` : said}`);
    } finally {
      // Not once it is gone: then the number may be somebody else's.
      if (child.exitCode === null && child.signalCode === null) end();
      signal.removeEventListener('abort', end);
    }
  };
  return async (place, ...args) => {
    const configured = await run(place, ['config', '--list', '--show-scope', '-z'], harmless);
    return run(place, args, [...harmless, ...filtersOf(configured).flatMap(switchedOff)]);
  };
}

async function readText(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > mostBytes) throw new Error(`git: more than ${mostBytes} bytes of output.`);
  }
  return Buffer.concat(parts).toString();
}

/** The state directory is hidden but for what the place names. */
function wallArguments(home: string, { cwd, readable = [], writable }: GitPlace): readonly string[] {
  return [
    ...['bwrap', '--unshare-pid', '--unshare-ipc', '--die-with-parent', ...systemArguments],
    ...['--tmpfs', '/tmp', '--tmpfs', '/run', '--tmpfs', home],
    ...readable.flatMap((path) => ['--ro-bind', path, path]),
    // Once more where the state directory lies in what was just shown.
    ...(readable.some((path) => home.startsWith(`${path}/`)) ? ['--tmpfs', home] : []),
    ...writable.flatMap((path) => (existsSync(path) ? ['--bind', ownPath(path), path] : [])),
    ...['--remount-ro', home, '--remount-ro', '/run', ...droppedCapabilities()],
    ...['--chdir', cwd, '--'],
  ];
}

/** A link that has taken the place of a directory since would make writable what it leads to. */
function ownPath(path: string): string {
  if (realpathSync(path) !== path) throw new Error(`${path} is behind a link now; git is not run there.`);
  return path;
}

/** These have the last word over every file of configuration (git-config(1)), whatever characters a key has. */
function environmentOf(settings: Settings): Record<string, string> {
  const entries = settings.flatMap(([key, value], index): [string, string][] => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(entries) };
}

/** Names of the filters that the repository's own configuration defines; the list is `scope NUL key LF value NUL …`. */
export function filtersOf(settings: string): readonly string[] {
  const parts = settings.split('\0');
  const names = parts.flatMap((scope, index) => {
    const [key = ''] = (parts[index + 1] ?? '').split('\n', 1);
    const name = /^filter\.(.+)\.[^.]+$/.exec(key)?.[1];
    const isOwners = scope === 'global' || scope === 'system';
    return index % 2 === 0 && !isOwners && name !== undefined ? [name] : [];
  });
  return [...new Set(names)];
}

function switchedOff(name: string): Settings {
  return ['clean', 'smudge', 'process', 'required'].map((key) => [`filter.${name}.${key}`, ''] as const);
}
