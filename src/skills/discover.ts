// Finds the SKILL.md files below a root. Looks at names and kinds only; nothing is read.

import { readdirSync, realpathSync, statSync } from 'node:fs';
import type { Dirent, Stats } from 'node:fs';
import { join, sep } from 'node:path';
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
 * such a folder, into hidden folders or node_modules, more than six folders down, or twice into the same one. Names are
 * compared as they are listed, since some file systems would find `skill.md` under either name. Does not throw.
 */
export function discover(root: SkillRoot): Found {
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
  if ((found.mode & 0o002) !== 0) warnings.push(openToAll(root.path));
  const walk = createWalk(root, warnings, warn);
  walk.enter(root.path, 0, found);
  return { directories: walk.directories, warnings, identity: identityOf(found) };
}

type Warn = (path: string, code: WarningCode, message: string) => void;

function createWalk(root: SkillRoot, warnings: SkillWarning[], warn: Warn) {
  const directories: string[] = [];
  const seen = new Set<string>();
  let real: string | null = null;

  function enter(directory: string, depth: number, found: Stats): void {
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
      const path = join(directory, skillFile);
      if (marker.isSymbolicLink() && !mayFollow(path)) return;
      if (depth > 0 && (found.mode & 0o002) !== 0) warnings.push(openToAll(directory));
      directories.push(directory);
      return;
    }
    if (depth < deepest) descend(directory, depth, entries);
  }

  function descend(directory: string, depth: number, entries: readonly Dirent[]): void {
    const links: string[] = [];
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(directory, entry.name);
      if (entry.isSymbolicLink()) links.push(path);
      else if (entry.isDirectory()) step(path, depth);
    }
    for (const path of links) if (statOf(path)?.isDirectory() === true && mayFollow(path)) step(path, depth);
  }

  function step(path: string, depth: number): void {
    const found = statOf(path);
    // Gone since it was listed.
    if (found !== null) enter(path, depth + 1, found);
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
      real ??= realpathSync(root.path);
      const target = realpathSync(path);
      if (target === real || target.startsWith(real + sep)) return true;
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
