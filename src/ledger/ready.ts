// Looks through the queued jobs of a lane, in their order, for those that may be claimed now.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobId } from '../core/ids.ts';
import type { Taking } from './grant.ts';
import type { Row } from './job-record.ts';

/** How many are read at a time once some have to wait. */
const page = 64;
/** In one commit: each is a write. */
const mostParked = 500;

const fromReady = `FROM jobs LEFT JOIN sessions ON sessions.id = jobs.session_id
  WHERE jobs.lane = ? AND jobs.behind = 0 AND jobs.state = 'queued' AND jobs.due_at IS NULL`;

/** All that the place of a job depends on, as Placing.of reads it: jobs of one kind wait for the same host. */
const kindOf = `jobs.executor || ' ' || (jobs.worktree = 1 OR jobs.parent_id IS NOT NULL) || ' ' || CASE
  WHEN jobs.session_id IS NULL THEN iif(jobs.agent_session_id IS NULL, '', '@' || coalesce(jobs.host, ''))
  ELSE iif(sessions.agent_session_id IS NULL OR sessions.agent_executor IS NOT jobs.executor, '',
    '@' || coalesce(sessions.host, '')) END`;

export interface Taken {
  readonly row: Row;
  readonly host: string | null;
}

export class ReadyJobs {
  readonly #next: StatementSync;
  readonly #page: StatementSync;

  constructor(database: DatabaseSync) {
    this.#next = database.prepare(`SELECT seq, id, fence, executor FROM jobs WHERE lane = ? AND behind = 0
      AND state = 'queued' AND due_at IS NULL ORDER BY order_key, seq LIMIT ?`);
    this.#page =
      database.prepare(`SELECT jobs.seq, jobs.id, jobs.fence, jobs.executor, jobs.order_key, ${kindOf} AS kind
      ${fromReady} AND (jobs.order_key, jobs.seq) > (?, ?) AND kind NOT IN (SELECT value FROM json_each(?))
      ORDER BY jobs.order_key, jobs.seq LIMIT ?`);
  }

  next(lane: string, limit: number): Row[] {
    return this.#next.all(lane, limit);
  }

  /** Those of the lane's jobs, `limit` at most, that `take` takes. `isCut`: there are more to be looked at, in another commit. */
  take(
    lane: string,
    limit: number,
    take: (jobId: JobId, lane: string) => Taking,
  ): { readonly taken: readonly Taken[]; readonly isCut: boolean } {
    const taken: Taken[] = [];
    /** A thousand jobs that wait for one busy host are passed by without being looked at one by one. */
    const waiting = new Set<string>();
    let left = limit;
    let parked = 0;
    let after: readonly [number, number] = [Number.MIN_SAFE_INTEGER, 0];
    for (let size = limit; left > 0; size = page) {
      if (parked >= mostParked) return { taken, isCut: true };
      const rows = this.#page.all(lane, ...after, JSON.stringify([...waiting]), size);
      for (const row of rows) {
        if (left === 0) break;
        const kind = String(row['kind']);
        if (waiting.has(kind)) continue;
        const taking = take(String(row['id']) as JobId, lane);
        if (taking === 'waits') waiting.add(kind);
        else if (taking === 'parked') parked += 1;
        else if (taking !== 'passed') left -= 1;
        if (typeof taking === 'object') taken.push({ row, host: taking.host });
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < size) break;
      after = [Number(last['order_key']), Number(last['seq'])];
    }
    return { taken, isCut: false };
  }
}
