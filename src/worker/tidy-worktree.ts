// When a job's worktree goes: with the job, or at the next start for what a crash or a cancel between two runs left.

import { isHomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import { type RunEnd, verdictTable } from '../core/verdict.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Git } from './git.ts';
import { closeWorktree, listLeftWorktrees } from './worktree.ts';

interface TidyOptions {
  readonly ledger: Ledger;
  readonly home: string;
  readonly git: Git;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** Whether a run that ends like this is the last of its job, so that the worktree can go before the end is told. */
export function isLast({ verdict, until }: RunEnd): boolean {
  // The day's budget is not the job's own: it goes on.
  if (verdict === 'budget' && until !== undefined) return false;
  return ['succeeded', 'failed', 'cancelled'].includes(verdictTable[verdict].becomes);
}

/**
 * Removes the worktree of a job that is over, unless something would be lost; with the last job under it, which may have worked there,
 * also that of the one that had asked. Never rejects.
 */
export async function tidyWorktree(options: TidyOptions, jobId: JobId, signal: AbortSignal): Promise<void> {
  const { ledger, home, git, onError } = options;
  const { worktree, state, parentId } = ledger.jobs.get(jobId);
  if (ledger.family.goesOn(jobId)) return;
  try {
    if (worktree) await closeWorktree(git, home, jobId, signal);
  } catch (error) {
    // It stays, and the job says where it is; when we are to stop, the next daemon looks at it.
    if (!signal.aborted) onError(error, { jobId, part: 'worktree' });
  }
  if (parentId !== null && isEnded(state) && isEnded(ledger.jobs.get(parentId).state))
    await tidyWorktree(options, parentId, signal);
}

/** Never rejects. */
export async function tidyLeftWorktrees(options: TidyOptions): Promise<void> {
  const { home, git, onError } = options;
  try {
    for (const jobId of leftWorktrees(options)) await closeWorktree(git, home, jobId);
  } catch (error) {
    onError(error, { part: 'worktree' });
  }
}

/** Jobs that are over and still have a worktree that may go. */
export function leftWorktrees({ ledger, home }: Pick<TidyOptions, 'ledger' | 'home'>): JobId[] {
  return listLeftWorktrees(home, (jobId) => {
    try {
      return isEnded(ledger.jobs.get(jobId).state) && !ledger.family.goesOn(jobId);
    } catch (error) {
      // Of another ledger: not ours to judge.
      if (isHomerError(error, 'HOMER_JOB_UNKNOWN')) return false;
      throw error;
    }
  });
}
