// Finds the SKILL.md files below a root. Looks at names and kinds only; nothing is read.

import { readdirSync, realpathSync, statSync } from 'node:fs';
import type { Dirent, Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { createPause, type Pause } from './pause.ts';
import type { SkillWarning, WarningCode } from './skill.ts';
import type { SkillRoot } from './sources.ts';

export const skillFile = 'SKILL.md';

/** How far below the root a skill's folder may be. */
const deepest = 6;
/** A root with more is somebody's home directory, not a folder of skills. */
const mostFolders = 10_000;

export interface Found {
  /** Absolute paths, in the order of the walk: by name, folders before links to folders. */
  readonly directories: readonly string[];
  readonly warnings: readonly SkillWarning[];
  /** Device and inode of the root, so that a root given twice is read once; null when there is none. */
  readonly identity: string | null;
}

/**
 * Every folder below `root` (itself included) that holds a file called exactly SKILL.md. The walk does not go below
 * such a folder (below the top only when `isUsable` says that the file there can be used: one that cannot must not hide all
 * others), into hidden folders or node_modules, more than six folders down, or twice into the same one. Names are
 * compared as they are listed, since some file systems would find `skill.md` under either name. Does not throw.
 */
export async function discover(
  root: SkillRoot,
  isUsable: (directory: string) => boolean,
  pause: Pause = createPause(),
): Promise<Found> {
  const warnings: SkillWarning[] = [];
  const warn = (path: string, code: WarningCode, message: string): void => {
    warnings.push({ path, line: null, code, message });
  };
  const found = statOf(root.path);
  if (found === null || !found.isDirectory()) {
    if (root.configured)
      warn(
        root.path,
        'folder_missing',
        `is configured, but ${found === null ? 'is not there' : 'is no folder'}`,
      );
    return { directories: [], warnings, identity: null };
  }
  const real = realOf(root, warn);
  if (real === null) return { directories: [], warnings, identity: null };
  if ((found.mode & 0o002) !== 0) warnings.push(openToAll(root.path));
  const walk = createWalk(root, real, { warnings, warn, isUsable, pause });
  await walk.enter(root.path, 0, found);
  return { directories: walk.directories, warnings, identity: identityOf(found) };
}

type Warn = (path: string, code: WarningCode, message: string) => void;

/** Where it really is; null, and told, when somebody else's link leads out of where it belongs. */
function realOf({ path, within }: SkillRoot, warn: Warn): string | null {
  try {
    const real = realpathSync(path);
    if (within === null || isInside(real, realpathSync(within))) return real;
    warn(path, 'leads_out', `is, or is below, a link that leads out of ${within}`);
  } catch (error) {
    warn(path, 'unreadable', `cannot be entered: ${reason(error)}`);
  }
  return null;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

interface Doing {
  readonly warnings: SkillWarning[];
  readonly warn: Warn;
  readonly isUsable: (directory: string) => boolean;
  readonly pause: Pause;
}

function createWalk(root: SkillRoot, real: string, { warnings, warn, isUsable, pause }: Doing) {
  const directories: string[] = [];
  const seen = new Set<string>();

  async function enter(directory: string, depth: number, found: Stats): Promise<void> {
    await pause();
    const identity = identityOf(found);
    if (seen.has(identity)) return;
    if (seen.size === mostFolders)
      warn(root.path, 'too_many', `holds more than ${mostFolders} folders; the rest is not looked at`);
    if (seen.size > mostFolders) return;
    seen.add(identity);
    const entries = list(directory);
    if (entries === null) return;
    const marker = entries.find((entry) => entry.name === skillFile && !entry.isDirectory());
    if (marker !== undefined) {
      const isLeft = marker.isSymbolicLink() && !mayFollow(join(directory, skillFile));
      if (!isLeft) {
        if (depth > 0 && (found.mode & 0o002) !== 0) warnings.push(openToAll(directory));
        directories.push(directory);
      }
      if (depth > 0 || (!isLeft && isUsable(directory))) return;
    }
    if (depth < deepest) await descend(directory, depth, entries);
  }

  async function descend(directory: string, depth: number, entries: readonly Dirent[]): Promise<void> {
    const links: string[] = [];
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(directory, entry.name);
      if (entry.isSymbolicLink()) links.push(path);
      else if (entry.isDirectory()) await step(path, depth);
      // As it was decoded there is nothing of that name.
      if (entry.name.includes('\uFFFD') && statOf(path) === null)
        warn(path, 'unreadable', 'has a name that is not UTF-8');
    }
    for (const path of links)
      if (statOf(path)?.isDirectory() === true && mayFollow(path)) await step(path, depth);
  }

  async function step(path: string, depth: number): Promise<void> {
    const found = statOf(path);
    // Gone since it was listed.
    if (found !== null) await enter(path, depth + 1, found);
  }

  function list(directory: string): Dirent[] | null {
    try {
      return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      warn(directory, 'unreadable', `cannot be listed: ${reason(error)}`);
      return null;
    }
  }

  /** A link of somebody else's folder must not show what lies outside of it. */
  function mayFollow(path: string): boolean {
    if (root.trusted) return true;
    try {
      if (isInside(realpathSync(path), real)) return true;
      warn(path, 'leads_out', `is a link that leads out of ${root.path}`);
    } catch (error) {
      warn(path, 'unreadable', `is a link that cannot be followed: ${reason(error)}`);
    }
    return false;
  }

  return { directories, enter };
}

/** What is said of a folder or file that anybody may change; it is used all the same. */
export function openToAll(path: string): SkillWarning {
  const message = 'can be changed by every user of this machine (chmod o-w)';
  return { path, line: null, code: 'world_writable', message };
}

function identityOf(found: Stats): string {
  return `${found.dev}:${found.ino}`;
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    // A loop of links, or a folder on the way that may not be entered: there is nothing here for us.
    return null;
  }
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
