// The job under which a new one is to stand, and what the new one has from it unless it says otherwise.

import { existsSync, realpathSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { findRepository, type Giver } from '../runner/repository.ts';

export interface Parent {
  readonly id: JobId;
  readonly lane: string;
  /** null: a command; an agent that asks for a subagent means an agent. */
  readonly executor: string | null;
  /** Absolute: where it works, which is its worktree while it has one. */
  readonly cwd: string;
  readonly giver: Giver;
}

export interface ParentPlaces {
  readonly ledger: Ledger;
  /** Absolute path of the state directory. */
  readonly home: string;
  readonly config: () => Config;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
}

/** Who asks: only the owner names any job, a run has its own and needs not say so. */
export interface ParentSender {
  readonly isOwner: boolean;
  readonly run?: { readonly jobId: JobId } | undefined;
}

/**
 * null: the job stands alone. Throws HOMER_JOB_UNKNOWN, HOMER_PARENT_ENDED and HOMER_SUBAGENT_LIMIT, and HOMER_OTHERS_JOB
 * for a job that is not the sender's to name.
 */
export function chooseParent(
  { ledger, home, config, executors }: ParentPlaces,
  asked: JobId | undefined,
  { isOwner, run }: ParentSender,
): Parent | null {
  const id = asked ?? run?.jobId;
  if (id === undefined) return null;
  if (!isOwner && id !== run?.jobId)
    throw new HomerError('HOMER_OTHERS_JOB', `Job ${id} is not the one that asks.`);
  // Asked again in the commit; here it spares the rest of the work.
  ledger.family.admit(id, config().subagents);
  const job = ledger.jobs.get(id);
  const known = executors();
  const executor = Object.hasOwn(known, job.executor) ? known[job.executor] : undefined;
  const isAgent = executor !== undefined && executor.kind !== 'command';
  const cwd = resolve(realpathSync(home), job.cwd);
  const giver = {
    cwd,
    worktree: job.worktree,
    isSandboxed: executor?.sandbox !== 'none',
    writable: executor?.writable ?? [],
  };
  const place = job.worktree ? worktreePlace(home, id, cwd) : cwd;
  return { id, lane: job.lane, executor: isAgent ? job.executor : null, cwd: place, giver };
}

/** The same directory in the job's worktree; as it was asked for when there is none. */
function worktreePlace(home: string, id: JobId, cwd: string): string {
  const root = join(realpathSync(home), 'worktrees', id);
  const found = findRepository(cwd);
  if (found === null || 'problem' in found || !existsSync(root)) return cwd;
  return join(root, relative(found.top, cwd));
}
