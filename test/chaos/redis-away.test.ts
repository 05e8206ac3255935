// Redis is away for long, with a daemon and a worker on another host that both need it: what is accepted meanwhile is done at once on the
// daemon's host, what runs elsewhere goes on and is reported later, and neither end shouts about it into its log.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { letGo, livesOf, untilLives } from './pulse.ts';
import { readBooks } from './vocabulary.ts';
import { createWorkerRoom, isDone, overlaps, type WorkerRoom } from './worker-room.ts';

/** CI waits for a while; `HOMER_WHOLE_ABSENCE=1` is ten minutes. */
const isWhole = process.env['HOMER_WHOLE_ABSENCE'] === '1';
const awayMs = isWhole ? 600_000 : 15_000;
const everyMs = isWhole ? 5_000 : 1_000;

let room: WorkerRoom;
afterEach(() => room.remove());

test('nothing waits for a Redis that is away, nothing is lost by it, and nothing is done twice when it is back', async () => {
  room = await createWorkerRoom({
    leaseMs: 2 * awayMs + 60_000,
    config: { workers: { moveAfter: '1h' } },
    // It says nothing for as long as that, which is no fault of it here.
    executor: { stallMs: 0 },
  });
  const daemon = room.start();
  const nas = await room.worker(daemon, 'nas', { labels: 'far', concurrency: 3 });
  const far = { lane: 'far', executor: 'pulse' };
  const [ending, lasting, waiting] = [room.home.plan('once'), room.home.plan('once'), room.home.plan('once')];
  const ids = [ending, lasting].map(async (job) => (await room.home.submit(daemon, job, far)).id);
  const [endingId = '', lastingId = ''] = await Promise.all(ids);
  for (const { path } of [ending, lasting]) await untilLives(path, 1);

  await room.redis().stop();
  await nas.process.untilLine('runs go on');
  const goneAt = performance.now();
  const { id: waitingId } = await room.home.submit(daemon, waiting, far);
  letGo(ending.path);
  let accepted = 0;
  while (performance.now() - goneAt < awayMs) {
    const { id } = await room.home.submit(daemon, room.home.plan('once'));
    await daemon.untilJob(id, isDone);
    accepted += 1;
    await delay(everyMs);
  }
  expect(livesOf(ending.path)).toMatchObject([{ ended: true }]);
  expect(livesOf(lasting.path)).toMatchObject([{ ended: false }]);
  // It was never said to anybody.
  expect(livesOf(waiting.path)).toEqual([]);
  // Each says every reason once, not at every attempt.
  for (const each of [daemon, nas.process]) {
    const said = each.lines().filter((line) => /redis/i.test(line));
    expect(new Set(said.map((line) => line.replace(/"time":"[^"]*"/, ''))).size).toBe(said.length);
  }

  await room.restartRedis();
  await daemon.untilLine('redis is back');
  await daemon.untilJob(endingId, isDone);
  for (const { path } of [lasting, waiting]) letGo(path);
  for (const id of [endingId, lastingId, waitingId])
    expect((await daemon.untilJob(id, isDone)).runs.at(-1)).toMatchObject({ verdict: 'done', host: 'nas' });
  for (const { path } of [ending, lasting, waiting]) expect(livesOf(path)).toHaveLength(1);
  await daemon.end('SIGTERM');
  await nas.process.end('SIGTERM');
  expect(room.home.processes()).toEqual({ runners: [], agents: [] });
  const { jobs, runs, events } = readBooks(room.home.path);
  expect(jobs.map(({ state }) => state)).toEqual(Array(accepted + 3).fill('succeeded'));
  expect(runs.map(({ verdict }) => verdict)).toEqual(Array(accepted + 3).fill('done'));
  expect(events.filter(({ type }) => type === 'job.succeeded')).toHaveLength(accepted + 3);
  expect(overlaps(room)).toEqual([]);
  if (isWhole) process.stderr.write(`${JSON.stringify({ awaySeconds: awayMs / 1_000, accepted })}\n`);
}, 1_800_000);
