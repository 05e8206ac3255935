// How full a lane was at its fullest, by what the ledger says of its jobs.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The greatest number of jobs that ever held a slot of the lane at once. No daemon may have the ledger open. */
export function mostAtOnce(home: string, lane: string): number {
  const database = new DatabaseSync(join(home, 'homer.db'));
  const rows = database
    .prepare(
      `SELECT events.type, job_id FROM events JOIN jobs ON jobs.id = job_id
       WHERE lane = ? AND type LIKE 'job.%' AND type <> 'job.cancel_requested' ORDER BY events.seq`,
    )
    .all(lane);
  database.close();
  const running = new Set<unknown>();
  let most = 0;
  for (const { type, job_id } of rows) {
    if (type === 'job.running') running.add(job_id);
    else running.delete(job_id);
    most = Math.max(most, running.size);
  }
  return most;
}
