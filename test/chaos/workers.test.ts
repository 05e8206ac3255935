// Workers on other hosts, as real processes with state directories of their own: cut off, killed, frozen, while the daemon or its
// Redis is away. Each run writes down that it was; a second one of the same job that lives at the same time bears witness to it.

import { afterEach, expect, test } from 'vitest';
import { createWorkerRoom, isDone, type WorkerRoom } from './worker-room.ts';

let room: WorkerRoom;
afterEach(() => room.remove());

const far = { lane: 'far' };

test('a job runs on the worker that has what its lane asks for, and comes back with its result and journal', async () => {
  room = await createWorkerRoom();
  const daemon = room.start();
  await daemon.ready;
  const waiting = room.home.plan('once');
  const { id } = await room.home.submit(daemon, waiting, far);
  // Nobody is there yet: it says so, and goes on by itself.
  const parked = await daemon.untilJob(id, ({ state }) => state === 'parked');
  expect(parked.error).toMatchObject({ code: 'HOMER_WORKER_AWAY' });
  await room.worker(daemon, 'nas', { labels: 'far' });
  const job = await daemon.untilJob(id, isDone);
  expect(job.result?.text).toBe(`did ${waiting.key}`);
  expect(job.runs).toMatchObject([{ verdict: 'done', workerId: 'worker:nas' }]);
  expect(await room.workers(daemon)).toMatchObject([
    { name: null, state: 'up' },
    { name: 'nas', state: 'up', labels: ['far'], running: 0, concurrency: 2, version: '0.0.0-chaos' },
  ]);
  await daemon.end('SIGTERM');
});
