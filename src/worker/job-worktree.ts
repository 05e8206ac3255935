// The worktree that a job asked for, at the start of one of its runs. What was decided when the job was accepted is looked at again:
// the run that asked for it may have changed what lies in its directories since.

import type { ExecutorConfig } from '../config/config.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Giver } from '../runner/repository.ts';
import type { Git } from './git.ts';
import { workingDirectory } from './run-files.ts';
import { openWorktree, type Worktree } from './worktree.ts';

interface WorktreeContext {
  readonly ledger: Ledger;
  readonly home: string;
  readonly git: Git;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
}

/** Null: it works in its directory itself. Rejects with one sentence, or as git does. */
export async function openJobWorktree(
  context: WorktreeContext,
  job: JobRecord,
  signal: AbortSignal,
): Promise<Worktree | null> {
  if (!job.worktree) return null;
  const cwd = workingDirectory(context.home, job);
  return openWorktree(context.git, context.home, job.id, { cwd, giver: giverOf(context, job), signal });
}

/** The run's job that asked for this one; null when somebody else did. */
function giverOf({ ledger, home, executors }: WorktreeContext, job: JobRecord): Giver | null {
  if (job.parentId === null || !job.source.startsWith('run:')) return null;
  const parent = ledger.jobs.get(job.parentId);
  const config = executors()[parent.executor];
  return {
    cwd: workingDirectory(home, parent),
    worktree: parent.worktree,
    isSandboxed: config?.sandbox !== 'none',
    writable: config?.writable ?? [],
  };
}
