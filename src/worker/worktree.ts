// A job's own git worktree: made at its first run, used by all of them, removed when nothing would be lost.

import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { JobId } from '../core/ids.ts';
import { isJobId } from '../core/ids.ts';
import { readPlainFile } from '../runner/plain-file.ts';
import { writeFileWhole } from '../runner/records.ts';
import { findRepository, type Giver, makeInside, mayGive } from '../runner/repository.ts';
import type { Git, GitPlace } from './git.ts';
import { isUntouched } from './untouched.ts';

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
  /** Whole, so that runs may have worked in it. Missing in what an older version wrote, of which that is not known. */
  readonly made?: boolean;
  /** Looked at after the job had ended, and left there. */
  readonly kept: boolean;
}

/** Milliseconds in which a worktree that is left is looked at; what takes longer is kept. */
const tidyMs = 10_000;

export function worktreeRoot(home: string, jobId: JobId): string {
  return join(realpathSync(home), 'worktrees', jobId);
}

interface Asked {
  /** A real path in a repository, where the job is to work. */
  readonly cwd: string;
  /** The run's job that asked for it, if one did. */
  readonly giver: Giver | null;
  readonly signal: AbortSignal;
}

/** The worktree of a job. Rejects with one sentence, or with what git says. */
export async function openWorktree(
  git: Git,
  home: string,
  jobId: JobId,
  { cwd, giver, signal }: Asked,
): Promise<Worktree> {
  const root = worktreeRoot(home, jobId);
  const found = findRepository(cwd);
  if (found === null) throw new Error(`${cwd} is in no git repository any more.`);
  if ('problem' in found) throw new Error(found.problem);
  const { top, common: repository } = found;
  if (giver !== null && !mayGive(giver, found))
    throw new Error(`The run that asked for this cannot write to ${repository}, to which a worktree would.`);
  const within = relative(top, cwd);
  const worktree = { root, cwd: join(root, within), repository };
  const note = readNote(home, jobId);
  if (note !== null && note.made !== false && existsSync(root)) {
    // A run may have moved it away; what it left is work.
    if (!existsSync(join(root, '.git')))
      throw new Error(`The worktree ${root} has no .git any more; what is in it was left as it is.`);
    if (note.repository !== repository)
      throw new Error(`The worktree ${root} was made of ${note.repository}, and ${cwd} is of ${repository}.`);
    writeNote(home, jobId, { ...note, kept: false });
    return worktree;
  }
  const place: GitPlace = { cwd: top, readable: [top], writable: [repository, root], signal };
  const base = await git(place, 'rev-parse', '--verify', 'HEAD^{commit}');
  mkdirSync(join(home, 'worktrees'), { recursive: true, mode: 0o700 });
  // What a crash left half made is ours alone: no run was started in it yet.
  rmSync(root, { recursive: true, force: true });
  await forget(git, repository, root, signal);
  writeNote(home, jobId, { repository, base, made: false, kept: false });
  mkdirSync(root);
  await git(place, 'worktree', 'add', '--detach', '--quiet', root, base);
  // Not in the commit: then it works where its files would be.
  makeInside(root, within);
  writeNote(home, jobId, { repository, base, made: true, kept: false });
  return worktree;
}

/**
 * Removes the worktree of a job that is over, unless there is work in it that is nowhere else, or that cannot be told in time.
 * Rejects with the signal's reason.
 */
export async function closeWorktree(
  git: Git,
  home: string,
  jobId: JobId,
  signal?: AbortSignal,
): Promise<'none' | 'removed' | 'kept'> {
  const note = readNote(home, jobId);
  if (note === null) return 'none';
  if (note.kept) return 'kept';
  const root = worktreeRoot(home, jobId);
  const limit = AbortSignal.timeout(tidyMs);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  try {
    if (existsSync(root) && !(await isUntouched(git, root, note, either))) {
      signal?.throwIfAborted();
      writeNote(home, jobId, { ...note, kept: true });
      return 'kept';
    }
    // Not by git, which would look once more at what is in it, and into repositories in it.
    rmSync(root, { recursive: true, force: true });
    await forget(git, note.repository, root, either);
  } catch (error) {
    // Not tried again and again: what failed once would keep the next start waiting too.
    if (signal?.aborted !== true) writeNote(home, jobId, { ...note, kept: true });
    throw error;
  }
  rmSync(noteFile(home, jobId), { force: true });
  return 'removed';
}

/** Takes a worktree that is gone off the repository's list. */
async function forget(git: Git, repository: string, root: string, signal?: AbortSignal): Promise<void> {
  if (!existsSync(repository)) return;
  const place = { cwd: repository, writable: [repository], signal };
  const listed = await git(place, 'worktree', 'list', '--porcelain');
  if (listed.split('\n').includes(`worktree ${root}`))
    await git(place, 'worktree', 'remove', '--force', '--force', root);
}

/** Jobs that are over and whose worktree a crash, or a cancel between two runs, left open. */
export function listLeftWorktrees(home: string, isOver: (jobId: JobId) => boolean): JobId[] {
  const directory = join(home, 'worktrees');
  return (existsSync(directory) ? readdirSync(directory) : []).flatMap((name) => {
    const jobId = name.replace(/\.json$/, '');
    if (!name.endsWith('.json') || !isJobId(jobId) || readNote(home, jobId)?.kept !== false) return [];
    return isOver(jobId) ? [jobId] : [];
  });
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
    return readPlainFile(path, 4096) ?? '';
  } catch {
    // Closed to us: nothing is known.
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
