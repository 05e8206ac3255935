// What agents ask a person, as a client of the daemon sees it.

import type { ApprovalView } from '../../src/operations/approvals.ts';
import type { HomerRoom } from './homer-room.ts';

/** The questions of a job, the oldest first, as soon as there are this many. */
export async function whenAsked(
  room: HomerRoom,
  jobId: string,
  count: number,
): Promise<readonly ApprovalView[]> {
  if (count > 0) await room.whenJob(jobId, ({ state }) => state !== 'queued' && state !== 'running');
  const client = await room.client();
  const query = { job: jobId };
  const { approvals } = await client.call<{ readonly approvals: readonly ApprovalView[] }>('approvals.list', {
    query,
  });
  return approvals.toReversed();
}
