// Which git repository a directory belongs to, without asking git: what a repository says must not be run here, and what it says of
// itself is not believed. An agent may have written a `.git` that names somebody else's repository as its own.

import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { readPlainFile } from './plain-file.ts';

export interface Repository {
  /** The directory that its files are checked out in; real when the directory asked for was. */
  readonly top: string;
  /** Its own `.git`, to which everybody who commits in it writes; real. */
  readonly common: string;
}

const longestLine = 4096;

/**
 * The repository that `directory` (a real path) lies in, null when it lies in none. A `.git` that leads out of its directory is
 * believed only when what it leads to leads back: a worktree that the repository lists, or a submodule. One sentence for all else.
 */
export function findRepository(directory: string): Repository | { readonly problem: string } | null {
  for (let top = directory; ; top = dirname(top)) {
    const found = join(top, '.git');
    const stat = lstatSync(found, { throwIfNoEntry: false });
    if (stat?.isFile() === true) return linkedRepository(top, found);
    if (stat?.isSymbolicLink() === true)
      return { problem: `${found} is a link; what it leads to may be somebody else's.` };
    if (stat?.isDirectory() === true && existsSync(join(found, 'HEAD'))) {
      // In a repository's own directory there is none: it names another one's.
      if (lstatSync(join(found, 'commondir'), { throwIfNoEntry: false }) === undefined)
        return { top, common: found };
      return { problem: `${found} says that it belongs to another repository.` };
    }
    if (top === dirname(top)) return null;
  }
}

function linkedRepository(top: string, file: string): Repository | { readonly problem: string } {
  const strange = { problem: `${file} leads to a repository that does not list it as its own.` };
  try {
    const named = /^gitdir: (.+)\n?$/.exec(readPlainFile(file, longestLine) ?? '')?.[1];
    if (named === undefined) return strange;
    const own = realpathSync(resolve(top, named));
    const shared = readPlainFile(join(own, 'commondir'), longestLine)?.trim();
    if (shared === undefined) {
      const config = readPlainFile(join(own, 'config'), 1024 * 1024) ?? '';
      const back = /^\s*worktree = (.+)$/m.exec(config)?.[1];
      return back !== undefined && realpathSync(resolve(own, back)) === top ? { top, common: own } : strange;
    }
    const common = realpathSync(resolve(own, shared));
    const back = readPlainFile(join(own, 'gitdir'), longestLine)?.trim() ?? '';
    const isListed = dirname(own) === join(common, 'worktrees') && realpathSync(resolve(own, back)) === file;
    return isListed ? { top, common } : strange;
  } catch {
    // Something of it is missing or closed to us: it leads nowhere.
    return strange;
  }
}

/** A job that asks for another one, as far as it matters what it can write to. */
export interface Giver {
  /** Absolute: the directory it was accepted for. */
  readonly cwd: string;
  /** It works in a worktree of its own and not there. */
  readonly worktree: boolean;
  readonly isSandboxed: boolean;
  /** What its executor lets it write to besides. */
  readonly writable: readonly string[];
}

/** Whether a job may have a repository written to by another one: only when it can do so by itself. */
export function mayGive({ cwd, worktree, isSandboxed, writable }: Giver, { common }: Repository): boolean {
  if (!isSandboxed) return true;
  const own = worktree ? findRepository(cwd) : null;
  const places = worktree ? (own === null || 'problem' in own ? [] : [own.common]) : [cwd];
  return [...places, ...writable].some((place) => {
    const way = existsSync(place) ? relative(realpathSync(place), common) : '..';
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  });
}

/** Makes `root/within`; throws when a part of the way is a link or no directory, which would lead somewhere else. */
export function makeInside(root: string, within: string): void {
  let place = root;
  for (const name of within.split(sep).filter((part) => part !== '')) {
    place = join(place, name);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat === undefined) mkdirSync(place);
    else if (!stat.isDirectory()) throw new Error(`${place} is no directory of its own.`);
  }
}
