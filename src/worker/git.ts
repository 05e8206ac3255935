// git(1) on repositories that agents have worked in. Their configuration may name programs that git would start as us: hooks, a
// file system monitor, filters. None of these are run, unless they stand in the owner's own configuration.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const longestMs = 120_000;
const mostBytes = 16 * 1024 * 1024;

const harmless: Settings = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.sshCommand', 'false'],
  ['protocol.allow', 'never'],
  ['submodule.recurse', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
];

type Settings = readonly (readonly [key: string, value: string])[];

/** Standard output without its last line end. Rejects with git's own complaint. */
export type Git = (directory: string, ...args: readonly string[]) => Promise<string>;

/** `env`: PATH and HOME are passed on, nothing else. */
export function createGit(env: Readonly<Record<string, string | undefined>>): Git {
  const own = {
    PATH: env['PATH'],
    HOME: env['HOME'],
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // A partial clone would fetch what is missing through a program of its choice.
    GIT_NO_LAZY_FETCH: '1',
  };
  const run = async (directory: string, args: readonly string[], settings: Settings): Promise<string> => {
    try {
      const { stdout } = await exec('git', args, {
        cwd: directory,
        env: { ...own, ...environmentOf(settings) },
        timeout: longestMs,
        maxBuffer: mostBytes,
      });
      return stdout.replace(/\n$/, '');
    } catch (error) {
      const said = (error as { readonly stderr?: string }).stderr?.trim().split('\n').at(-1) ?? '';
      throw said === '' ? error : new Error(`git ${args[0] ?? ''}: ${said}`, { cause: error });
    }
  };
  return async (directory, ...args) => {
    const configured = await run(directory, ['config', '--list', '--show-scope', '-z'], harmless);
    return run(directory, args, [...harmless, ...filtersOf(configured).flatMap(switchedOff)]);
  };
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
