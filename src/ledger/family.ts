// Jobs and the jobs their agents asked for: who is under whom, how many there may be, and the end of a whole tree.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import { isEnded, type JobState } from '../core/job.ts';
import type { JobRecord } from './job-record.ts';
import type { Jobs } from './jobs.ts';

export interface ChildLimits {
  /** A job that nobody's agent asked for has depth 0, its children 1. */
  readonly maxDepth: number;
  /** Of one job, over all its runs, ended ones too. */
  readonly maxChildren: number;
}

/** As much of a job as matters to who waits for it. */
export interface Relative {
  readonly id: JobId;
  readonly state: JobState;
  readonly endedAt: number | null;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Family {
  readonly #jobs: Jobs;
  readonly #children: StatementSync;
  readonly #count: StatementSync;
  readonly #one: StatementSync;
  readonly #depth: StatementSync;
  readonly #above: StatementSync;
  readonly #below: StatementSync;

  constructor(database: DatabaseSync, jobs: Jobs) {
    this.#jobs = jobs;
    this.#children = database.prepare(
      'SELECT id, state, ended_at FROM jobs WHERE parent_id = ? ORDER BY seq',
    );
    this.#count = database.prepare(`SELECT count(*) AS total,
      sum(state IN ('succeeded', 'failed', 'cancelled')) AS ended FROM jobs WHERE parent_id = ?`);
    this.#one = database.prepare('SELECT id, state, ended_at FROM jobs WHERE id = ?');
    // A parent is there before its children, so no chain leads back to where it began.
    const up = `WITH RECURSIVE up (id, parent_id) AS (SELECT id, parent_id FROM jobs WHERE id = ?1
      UNION ALL SELECT jobs.id, jobs.parent_id FROM up JOIN jobs ON jobs.id = up.parent_id)`;
    this.#depth = database.prepare(`${up} SELECT count(*) - 1 AS depth FROM up`);
    this.#above = database.prepare(`${up} SELECT 1 FROM up WHERE parent_id = ?2`);
    this.#below =
      database.prepare(`WITH RECURSIVE down (id, state) AS (SELECT id, state FROM jobs WHERE parent_id = ?
      UNION ALL SELECT jobs.id, jobs.state FROM down JOIN jobs ON jobs.parent_id = down.id)
      SELECT id FROM down WHERE state NOT IN ('succeeded', 'failed', 'cancelled')`);
  }

  /**
   * Throws HOMER_PARENT_ENDED or HOMER_SUBAGENT_LIMIT unless the job may have one child more. Asked in the transaction
   * that makes the child, so that no child comes after the cancel of its tree.
   */
  admit(parentId: JobId, limits: ChildLimits): void {
    const parent = this.#jobs.get(parentId);
    if (isEnded(parent.state)) throw parentEnded(parentId, `has ${parent.state}`);
    if (parent.cancelRequestedAt !== null) throw parentEnded(parentId, 'is being cancelled');
    const depth = Number(this.#depth.get(parentId)?.['depth'] ?? 0) + 1;
    if (depth > limits.maxDepth)
      throw new HomerError(
        'HOMER_SUBAGENT_LIMIT',
        `This job would be ${depth} levels under the first; ${limits.maxDepth} are allowed.`,
      );
    if (this.count(parentId).total >= limits.maxChildren)
      throw new HomerError(
        'HOMER_SUBAGENT_LIMIT',
        `Job ${parentId} has ${limits.maxChildren} children, which is the limit.`,
      );
  }

  count(parentId: JobId): { readonly total: number; readonly ended: number } {
    const row = this.#count.get(parentId);
    return { total: Number(row?.['total'] ?? 0), ended: Number(row?.['ended'] ?? 0) };
  }

  /** Its children, in the order in which they were asked for. */
  childrenOf(parentId: JobId): Relative[] {
    return this.#children.all(parentId).map(relativeFromRow);
  }

  /** HOMER_JOB_UNKNOWN when there is none. */
  find(id: JobId): Relative {
    const row = this.#one.get(id);
    if (row === undefined) throw new HomerError('HOMER_JOB_UNKNOWN', `There is no job ${id}.`);
    return relativeFromRow(row);
  }

  /** Whether a job is a child of the other one, or a child's child, and so on. */
  isUnder(id: JobId, ancestorId: JobId): boolean {
    return this.#above.get(id, ancestorId) !== undefined;
  }

  /** Whether anything under a job has not ended. */
  goesOn(id: JobId): boolean {
    return this.#below.get(id) !== undefined;
  }

  /**
   * Cancels a job with all that is under it, in one transaction; `running` are those whose run must be told to end.
   * A job that has ended stays as it is, and what still goes on under it is cancelled; HOMER_JOB_ENDED when nothing does.
   */
  cancelTree(id: JobId, now: number): { readonly job: JobRecord; readonly running: readonly JobId[] } {
    const below = this.#below.all(id).map((row) => String(row['id']) as JobId);
    const running: JobId[] = [];
    const cancel = (each: JobId): JobRecord => {
      const job = this.#jobs.cancel(each, now);
      if (job.state === 'running' || job.isLive) running.push(each);
      return job;
    };
    let job: JobRecord;
    try {
      job = cancel(id);
    } catch (error) {
      if (below.length === 0 || !isHomerError(error, 'HOMER_JOB_ENDED')) throw error;
      job = this.#jobs.get(id);
    }
    for (const each of below) cancel(each);
    return { job, running };
  }
}

function relativeFromRow(row: Record<string, unknown>): Relative {
  const endedAt = row['ended_at'];
  return {
    id: String(row['id']) as JobId,
    state: String(row['state']) as JobState,
    endedAt: typeof endedAt === 'number' ? endedAt : null,
  };
}

function parentEnded(id: JobId, why: string): HomerError {
  return new HomerError('HOMER_PARENT_ENDED', `Job ${id} ${why}.`);
}
