// Whether a worktree holds anything that is nowhere else. Whoever worked in it may have hidden things from git: by flags in the
// index, in a repository within, on no branch. When in doubt it is touched.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Git } from './git.ts';

/** `base` is the commit it was made at. Never rejects: what git cannot read, or not before the signal, is not ours to throw away. */
export async function isUntouched(
  git: Git,
  root: string,
  { base, repository }: { readonly base: string; readonly repository: string },
  signal: AbortSignal,
): Promise<boolean> {
  const ask = (...args: readonly string[]): Promise<string> =>
    git({ cwd: root, writable: [repository, root], signal }, ...args);
  try {
    // Whoever changed what it belongs to has done something that only its owner can judge.
    if ((await ask('rev-parse', '--path-format=absolute', '--git-common-dir')) !== repository) return false;
    if ((await ask('rev-parse', 'HEAD')) !== base) return false;
    const entries = (await ask('ls-files', '-v', '-s', '-z')).split('\0').filter((entry) => entry !== '');
    if (!entries.every((entry) => isPlain(root, entry))) return false;
    const passed = (await ask('reflog', 'show', '--format=%H', 'HEAD')).split('\n').filter((it) => it !== '');
    const lost = await ask(
      'rev-list',
      '--max-count=1',
      ...new Set(passed),
      '--not',
      base,
      '--branches',
      '--tags',
    );
    if (passed.length > 0 && lost !== '') return false;
    return (
      (await ask('diff-index', '--cached', '--ignore-submodules=none', '--name-only', base)) === '' &&
      (await ask('status', '--porcelain', '--untracked-files=all', '--ignore-submodules=all')) === ''
    );
  } catch {
    return false;
  }
}

/** `H 100644 <object> 0 TAB path`. */
function isPlain(root: string, entry: string): boolean {
  const [, tag = '', mode = '', path = ''] = /^(\S) (\d{6}) [0-9a-f]+ \d\t([^]*)$/.exec(entry) ?? [];
  // A small letter: git was told to take it as unchanged.
  if (tag !== 'H' && tag !== 'S') return false;
  // Left out of a sparse checkout, where nothing may be.
  if (tag === 'S') return lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined;
  // Another repository, which is not looked into: nothing was fetched there by us.
  return mode !== '160000' || readdirSync(join(root, path)).length === 0;
}
