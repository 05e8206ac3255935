// What is measured of a queue; every function needs it empty and leaves it empty, but for the backlog.

import type { Contestant } from './contestant.ts';

export type Figures = Readonly<Record<string, number>>;

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Jobs per second that are promised durably, with `inFlight` promises open at any time. */
async function enqueueRate(queue: Contestant, jobs: number, inFlight: number): Promise<number> {
  let left = jobs;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await queue.enqueue();
    }),
  );
  return jobs / seconds(startedAt);
}

/** Works until `jobs` jobs have ended; resolves with how long that took, and the CPU time of both sides. */
async function drain(
  queue: Contestant,
  jobs: number,
  concurrency: number,
  during: () => Promise<unknown> = async () => undefined,
): Promise<{ rate: number; cpuMicrosPerJob: number }> {
  const allEnded = Promise.withResolvers<void>();
  let ended = 0;
  const cpuBefore = queue.cpuMicros();
  const startedAt = performance.now();
  const stop = await queue.work(
    concurrency,
    () => undefined,
    () => {
      ended += 1;
      if (ended === jobs) allEnded.resolve();
    },
  );
  await during();
  await allEnded.promise;
  const rate = jobs / seconds(startedAt);
  const cpuMicrosPerJob = (queue.cpuMicros() - cpuBefore) / jobs;
  await stop();
  return { rate, cpuMicrosPerJob };
}

/** From the call that enqueues a job to the start of its handler, with nothing else to do; milliseconds. */
async function pickUp(queue: Contestant, times: number): Promise<number[]> {
  let started = Promise.withResolvers<void>();
  let ended = Promise.withResolvers<void>();
  const stop = await queue.work(
    1,
    () => started.resolve(),
    () => ended.resolve(),
  );
  const waits: number[] = [];
  for (let i = 0; i < times; i++) {
    started = Promise.withResolvers();
    ended = Promise.withResolvers();
    const calledAt = performance.now();
    const enqueued = queue.enqueue();
    await started.promise;
    waits.push(performance.now() - calledAt);
    await Promise.all([enqueued, ended.promise]);
  }
  await stop();
  return waits.sort((a, b) => a - b);
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export async function measureThroughput(queue: Contestant, jobs: number): Promise<Figures> {
  await enqueueRate(queue, jobs / 10, 50);
  await drain(queue, jobs / 10, 10);
  const one = await enqueueRate(queue, jobs / 4, 1);
  await drain(queue, jobs / 4, 10);
  const fifty = await enqueueRate(queue, jobs, 50);
  const c10 = await drain(queue, jobs, 10);
  await enqueueRate(queue, jobs / 4, 50);
  const c1 = await drain(queue, jobs / 4, 1);
  await enqueueRate(queue, jobs, 50);
  const c50 = await drain(queue, jobs, 50);
  const through = await drain(queue, jobs, 10, () => enqueueRate(queue, jobs, 50));
  const waits = await pickUp(queue, 300);
  return {
    enqueue1: one,
    enqueue50: fifty,
    drain1: c1.rate,
    drain10: c10.rate,
    drain50: c50.rate,
    through10: through.rate,
    cpuMicrosPerJob: c10.cpuMicrosPerJob,
    pickUpP50: percentile(waits, 0.5),
    pickUpP99: percentile(waits, 0.99),
  };
}

/** How a queue does its work with `backlog` jobs behind those it works on. */
export async function measureBacklog(queue: Contestant, backlog: number): Promise<Figures> {
  const sample = 5_000;
  await queue.fill(sample);
  await drain(queue, sample, 10);
  await queue.fill(sample);
  const empty = await drain(queue, sample, 10);
  const startedAt = performance.now();
  await queue.fill(backlog);
  const fillSeconds = seconds(startedAt);
  const filled = queue.memory();
  // So many are left behind those, also where the backlog is small.
  await queue.fill(sample);
  const full = await drain(queue, sample, 10);
  const worked = queue.memory();
  return {
    fillSeconds,
    emptyRate: empty.rate,
    fullRate: full.rate,
    processMegabytes: Math.max(filled.process, worked.process),
    serverMegabytes: Math.max(filled.server, worked.server),
  };
}
