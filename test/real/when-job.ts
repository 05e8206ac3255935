// Waiting for what becomes of a job, by the events of the daemon that has it.

import type { Job, JobAnswer } from '../../src/cli/answers.ts';
import type { Client } from '../../src/cli/client.ts';
import { readEvents } from '../../src/cli/event-stream.ts';

/** Resolves with the job as soon as it is as wanted. Throws when the daemon ends before. */
export async function whenJob(client: Client, id: string, holds: (job: Job) => boolean): Promise<Job> {
  const leave = new AbortController();
  try {
    // Open before the first look, so that no change is missed in between.
    const stream = readEvents(await client.open('/api/v1/events', {}, leave.signal));
    for (let over = false; !over; over = (await stream.next()).done === true) {
      const { job } = await client.call<JobAnswer>('jobs.get', { params: { id } });
      if (holds(job)) return job;
    }
    throw new Error('The daemon ended.');
  } finally {
    leave.abort();
  }
}
