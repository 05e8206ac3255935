// A job's own git worktree: made at its first run, used by all of them, removed when nothing would be lost.

import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import type { JobId } from '../core/ids.ts';
import { isJobId } from '../core/ids.ts';
import { writeFileWhole } from '../runner/records.ts';
import type { Git } from './git.ts';

export interface Worktree {
  /** Absolute, real. */
  readonly root: string;
  /** Where in it the job works: the same directory as in the repository. */
  readonly cwd: string;
  /** The repository's own `.git`, which commits in the worktree write to. */
  readonly repository: string;
}

/** `worktrees/JOB.json`, written before the worktree is made. */
interface Note {
  readonly repository: string;
  /** The commit it was made at. */
  readonly base: string;
  /** Looked at after the job had ended, and left there. */
  readonly kept: boolean;
}

export function worktreeRoot(home: string, jobId: JobId): string {
  return join(realpathSync(home), 'worktrees', jobId);
}

/** The worktree of a job that is to work in `cwd` (a real path in a repository). Rejects with what git says. */
export async function openWorktree(git: Git, home: string, jobId: JobId, cwd: string): Promise<Worktree> {
  const root = worktreeRoot(home, jobId);
  const top = await git(cwd, 'rev-parse', '--show-toplevel');
  const within = relative(realpathSync(top), cwd);
  if (within.startsWith('..') || isAbsolute(within)) throw new Error(`${cwd} is not in the worktree ${top}.`);
  const repository = await git(cwd, 'rev-parse', '--path-format=absolute', '--git-common-dir');
  const worktree = { root, cwd: join(root, within), repository };
  const note = readNote(home, jobId);
  if (note !== null && existsSync(join(root, '.git'))) {
    writeNote(home, jobId, { ...note, kept: false });
    return worktree;
  }
  const base = await git(cwd, 'rev-parse', '--verify', 'HEAD^{commit}');
  mkdirSync(join(home, 'worktrees'), { recursive: true, mode: 0o700 });
  // What a crash left half made is ours alone: no run was started in it yet.
  rmSync(root, { recursive: true, force: true });
  writeNote(home, jobId, { repository, base, kept: false });
  await git(repository, 'worktree', 'prune');
  await git(cwd, 'worktree', 'add', '--detach', '--quiet', root, base);
  // Not in the commit: then it works where its files would be.
  mkdirSync(worktree.cwd, { recursive: true });
  return worktree;
}

/** Removes the worktree of a job that is over, unless there is work in it that is nowhere else. */
export async function closeWorktree(
  git: Git,
  home: string,
  jobId: JobId,
): Promise<'none' | 'removed' | 'kept'> {
  const note = readNote(home, jobId);
  if (note === null) return 'none';
  const root = worktreeRoot(home, jobId);
  if (existsSync(root) && !(await isUntouched(git, root, note))) {
    writeNote(home, jobId, { ...note, kept: true });
    return 'kept';
  }
  // Git itself refuses too, should something have been written meanwhile.
  if (existsSync(root)) await git(note.repository, 'worktree', 'remove', root);
  rmSync(noteFile(home, jobId), { force: true });
  return 'removed';
}

async function isUntouched(git: Git, root: string, { base, repository }: Note): Promise<boolean> {
  try {
    // Whoever changed what it belongs to has done something that only its owner can judge.
    if ((await git(root, 'rev-parse', '--path-format=absolute', '--git-common-dir')) !== repository)
      return false;
    if ((await git(root, 'rev-parse', 'HEAD')) !== base) return false;
    return (await git(root, 'status', '--porcelain', '--untracked-files=all')) === '';
  } catch {
    // What git cannot read is not ours to throw away.
    return false;
  }
}

/** Closes those that a crash, or a cancel between two runs, left open. */
export async function closeLeftWorktrees(
  git: Git,
  home: string,
  isOver: (jobId: JobId) => boolean,
): Promise<void> {
  const directory = join(home, 'worktrees');
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const jobId = name.replace(/\.json$/, '');
    if (!name.endsWith('.json') || !isJobId(jobId) || readNote(home, jobId)?.kept !== false) continue;
    if (isOver(jobId)) await closeWorktree(git, home, jobId);
  }
}

/** Where a job's worktree is, and the branch or commit it is on; null when it has none. */
export function findWorktree(home: string, jobId: JobId): { path: string; head: string | null } | null {
  const path = join(home, 'worktrees', jobId);
  if (!existsSync(path)) return null;
  const gitDirectory = /^gitdir: (\/[^\n]+)\n?$/.exec(readSmall(join(path, '.git')))?.[1];
  const head = gitDirectory === undefined ? '' : readSmall(join(gitDirectory, 'HEAD'));
  const named = /^(?:ref: refs\/heads\/([\w./-]{1,200})|([0-9a-f]{40,64}))\n?$/.exec(head);
  return { path, head: named?.[1] ?? named?.[2] ?? null };
}

/** What an agent could have put anything in the place of. */
function readSmall(path: string): string {
  try {
    const found = lstatSync(path);
    return found.isFile() && found.size <= 4096 ? readFileSync(path, 'utf8') : '';
  } catch {
    // Not there: nothing is known.
    return '';
  }
}

function noteFile(home: string, jobId: JobId): string {
  return join(home, 'worktrees', `${jobId}.json`);
}

function readNote(home: string, jobId: JobId): Note | null {
  try {
    return JSON.parse(readFileSync(noteFile(home, jobId), 'utf8')) as Note;
  } catch {
    // None, or not whole: then it was never made.
    return null;
  }
}

function writeNote(home: string, jobId: JobId, note: Note): void {
  writeFileWhole(noteFile(home, jobId), JSON.stringify(note));
}
