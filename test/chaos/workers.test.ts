// Workers on other hosts, as real processes with state directories of their own: killed, frozen, drained, while the daemon or its
// Redis is away. Each run writes down when it lived; two of one job must never live at the same time.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import type { ApprovalView } from '../../src/operations/approvals.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { ChaosDaemon } from './chaos-daemon.ts';
import type { ChaosJob } from './chaos-home.ts';
import { kill } from './processes.ts';
import { letGo, livesOf, overlapMs, untilLives, untilPulse } from './pulse.ts';
import { linesOf } from './signals.ts';
import { createWorkerRoom, isDone, type ChaosWorker, type WorkerRoom } from './worker-room.ts';

let room: WorkerRoom;
afterEach(() => room.remove());

const far = { lane: 'far' };
const named = { labels: 'far' };

async function submitPulse(daemon: ChaosDaemon): Promise<{ job: ChaosJob; id: string }> {
  const job = room.home.plan('once');
  const { id } = await room.home.submit(daemon, job, { ...far, executor: 'pulse' });
  return { job, id };
}

const freeze = (worker: ChaosWorker): number[] => {
  const { runners, agents } = worker.processes();
  const pids = [worker.process.pid, ...runners, ...agents];
  for (const pid of pids) kill(pid, 'SIGSTOP');
  return pids;
};

const hostsOf = ({ runs }: JobView): (string | null)[] => runs.map(({ host }) => host);

test('a job runs where its lane asks for, is followed live, answered, cancelled, and nothing is left there', async () => {
  room = await createWorkerRoom();
  const daemon = room.start();
  const waiting = room.home.plan('once');
  const { id } = await room.home.submit(daemon, waiting, far);
  // Nobody is there yet: it says so, and goes on by itself.
  const parked = await daemon.untilJob(id, ({ state }) => state === 'parked');
  expect(parked.error).toMatchObject({ code: 'HOMER_WORKER_AWAY' });
  const nas = await room.worker(daemon, 'nas', named);
  const job = await daemon.untilJob(id, isDone);
  expect(job.result?.text).toBe(`did ${waiting.key}`);
  expect(job.runs).toMatchObject([{ verdict: 'done', host: 'nas', workerId: 'worker:nas' }]);
  expect(await room.workers(daemon)).toMatchObject([
    { name: null, state: 'up' },
    { name: 'nas', state: 'up', labels: ['far'], running: 0, concurrency: 2, version: '0.0.0-chaos' },
  ]);

  const asked = room.home.plan('agent');
  const prompt = `${JSON.stringify([['make it so']])}\n${asked.path}`;
  const { id: asking } = await room.home.submit(daemon, asked, { ...far, executor: 'asking', prompt });
  let questions: readonly ApprovalView[] = [];
  await daemon.until(async () => {
    questions = (await daemon.ask<{ approvals: ApprovalView[] }>('GET', '/api/v1/approvals?state=pending'))
      .body.approvals;
    return questions.length > 0;
  });
  expect((await daemon.job(asking)).state).toBe('waiting');
  await daemon.ask('POST', `/api/v1/approvals/${questions[0]?.id}/allow`, {});
  await daemon.untilJob(asking, isDone);
  expect(linesOf(`${asked.path}.effect`)).toEqual(['make it so']);

  const { job: pulse, id: cancelled } = await submitPulse(daemon);
  await untilPulse(pulse.path, 2);
  await daemon.ask('POST', `/api/v1/jobs/${cancelled}/cancel`, {});
  await daemon.untilJob(cancelled, ({ state }) => state === 'cancelled');
  expect(nas.processes().agents).toEqual([]);

  // In a directory that is there, too.
  const elsewhere = await room.home.submit(daemon, room.home.plan('once'), { ...far, cwd: room.home.path });
  expect((await daemon.untilJob(elsewhere.id, isDone)).runs.at(-1)).toMatchObject({ host: 'nas' });
  await daemon.end('SIGTERM');
  await nas.process.end('SIGTERM');
  // The token, which opens everything, is nowhere in what it wrote.
  const token = readFileSync(join(nas.home, 'worker-token'), 'utf8').trim();
  expect(nas.process.lines().join('\n')).not.toContain(token.split('.').at(-1));
  expect(readdirSync(join(nas.home, 'runs'))).toEqual([]);
});

test('a worker that is killed adopts its runs, and so does one that was drained; each is done once', async () => {
  room = await createWorkerRoom({ leaseMs: 15_000 });
  const daemon = room.start();
  let worker = await room.worker(daemon, 'nas', named);
  const killed = await submitPulse(daemon);
  await untilPulse(killed.job.path, 2);
  await worker.process.end('SIGKILL');
  worker = worker.restart();
  await worker.process.untilLine('"adopted":1');
  await worker.process.untilLine('"msg":"connected"');
  const drained = await submitPulse(daemon);
  await untilPulse(drained.job.path, 2);
  expect(await worker.process.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await worker.process.untilLine('"left":2');
  // Its end comes while nobody is there to see it.
  letGo(drained.job.path);
  worker = worker.restart();
  const done = await daemon.untilJob(drained.id, isDone);
  letGo(killed.job.path);
  for (const job of [done, await daemon.untilJob(killed.id, isDone)])
    expect(job.runs).toMatchObject([{ verdict: 'done', host: 'nas' }]);
  for (const { job } of [killed, drained]) expect(livesOf(job.path)).toHaveLength(1);
  await daemon.end('SIGTERM');
  await worker.process.end('SIGTERM');
});

test('one that is frozen beyond its lease ends within a second of thawing and settles nothing; another has done it', async () => {
  room = await createWorkerRoom();
  const daemon = room.start();
  const a = await room.worker(daemon, 'a', { ...named, concurrency: 1 });
  const { job, id } = await submitPulse(daemon);
  await untilPulse(job.path, 2);
  const b = await room.worker(daemon, 'b', { ...named, concurrency: 1 });
  const frozen = freeze(a);
  const given = await daemon.untilJob(id, ({ runs, state }) => runs.length === 2 && state === 'running');
  expect(given.runs[0]).toMatchObject({ verdict: 'lost', host: 'a' });
  await untilLives(job.path, 2);
  const thawedAt = Date.now();
  for (const pid of frozen) kill(pid, 'SIGCONT');
  await a.process.untilLine('not this worker');
  expect(a.processes()).toEqual({ runners: [], agents: [] });
  const [first, second] = livesOf(job.path);
  expect(livesOf(job.path)).toHaveLength(2);
  expect(first?.ended).toBe(false);
  // It says that it lives every 50 ms at most: so much of its own time it has had, however busy the machine is.
  expect(first?.said.filter((at) => at > thawedAt).length).toBeLessThan(1_000 / 50);
  // A safety net; on a machine with nothing else to do it is 0.1 s.
  expect((first?.lastSeenAt ?? Infinity) - thawedAt).toBeLessThan(5_000);
  letGo(job.path);
  const done = await daemon.untilJob(id, isDone);
  expect(done).toMatchObject({ crashes: 1, runs: [{ verdict: 'lost' }, { verdict: 'done', host: 'b' }] });
  expect(second).toBeDefined();
  await daemon.end('SIGTERM');
  expect(b.process.lines().join('\n')).not.toContain('"level":50');
});

test('cut off from Redis it keeps its run, ends it before the job is given to another, and settles nothing late', async () => {
  room = await createWorkerRoom();
  const daemon = room.start();
  const a = await room.worker(daemon, 'a', { ...named, concurrency: 1 });
  const short = await submitPulse(daemon);
  await untilPulse(short.job.path, 2);
  // For less than a lease: it goes on as if nothing had been, with all it said meanwhile.
  a.proxy.freeze();
  a.proxy.cut();
  letGo(short.job.path);
  await a.process.untilLine('runs go on');
  a.proxy.thaw();
  a.proxy.cut();
  expect((await daemon.untilJob(short.id, isDone)).runs).toMatchObject([{ verdict: 'done' }]);

  const long = await submitPulse(daemon);
  await untilPulse(long.job.path, 2);
  a.proxy.freeze();
  a.proxy.cut();
  await room.worker(daemon, 'b', { ...named, concurrency: 1 });
  await daemon.untilJob(long.id, ({ runs }) => runs.length === 2 && runs[1]?.startedAt !== null);
  letGo(long.job.path);
  const done = await daemon.untilJob(long.id, isDone);
  expect(hostsOf(done)).toEqual(['a', 'b']);
  expect(overlapMs(long.job.path)).toBe(0);
  a.proxy.thaw();
  a.proxy.cut();
  await a.process.untilLine('not this worker');
  expect((await daemon.job(long.id)).runs).toHaveLength(2);
  await daemon.end('SIGTERM');
});

test('with the daemon away a worker finishes, starts nothing and reports later; a flushed or killed Redis loses nothing', async () => {
  room = await createWorkerRoom({ leaseMs: 20_000 });
  let daemon = room.start();
  await room.worker(daemon, 'nas', { ...named, concurrency: 2 });
  const jobs = [await submitPulse(daemon), await submitPulse(daemon), await submitPulse(daemon)];
  const [one, two, three] = jobs.map(({ job }) => job.path);
  await untilPulse(one ?? '', 2);
  await untilPulse(two ?? '', 2);
  await daemon.end('SIGKILL');
  letGo(one ?? '');
  const ended = (path: string | undefined): boolean => livesOf(path ?? '').some((life) => life.ended);
  await untilPulse(one ?? '', linesOf(`${one}.pulse`).length + 1);
  await expect.poll(() => ended(one), { timeout: 20_000 }).toBe(true);
  expect(livesOf(three ?? '')).toEqual([]);
  daemon = room.start();
  await daemon.untilJob(jobs[0]?.id ?? '', isDone);
  await untilPulse(three ?? '', 2);
  const redis = new Redis(room.url);
  await redis.flushall();
  redis.disconnect();
  letGo(two ?? '');
  await daemon.untilJob(jobs[1]?.id ?? '', isDone);
  await room.restartRedis();
  letGo(three ?? '');
  for (const { id, job } of jobs) {
    const { runs } = await daemon.untilJob(id, isDone);
    expect(runs).toMatchObject([{ verdict: 'done', host: 'nas' }]);
    expect(livesOf(job.path)).toHaveLength(1);
  }
  await daemon.end('SIGTERM');
});

test('a conversation stays on its host, waits for it a while, and is moved with its record when it is gone for long', async () => {
  room = await createWorkerRoom({ config: { workers: { moveAfter: '8s' } } });
  const daemon = room.start();
  const a = await room.worker(daemon, 'a', named);
  const turn = async (): Promise<JobView> => {
    const job = room.home.plan('agent');
    const { id } = await room.home.submit(daemon, job, { ...far, session: 'talk' });
    return daemon.job(id);
  };
  const first = await turn();
  await daemon.untilJob(first.id, isDone);
  const b = await room.worker(daemon, 'b', { ...named, concurrency: 8 });
  // The other one has more room, and not the conversation.
  const second = await turn();
  expect(hostsOf(await daemon.untilJob(second.id, isDone))).toEqual(['a']);
  await a.process.end('SIGKILL');
  await daemon.until(async () => (await room.workers(daemon)).some(({ state }) => state === 'away'));
  const third = await turn();
  const parked = await daemon.untilJob(third.id, ({ state }) => state === 'parked');
  expect(parked.error?.message).toContain('"a", which is away');
  const moved = await daemon.untilJob(third.id, isDone);
  expect(moved).toMatchObject({ movedFrom: 'a', runs: [{ host: 'b', verdict: 'done' }] });
  expect(moved.runs[0]?.agentSessionId).not.toBe((await daemon.job(second.id)).runs[0]?.agentSessionId);
  await daemon.end('SIGTERM');
  expect(b.process.lines().join('\n')).not.toContain('"level":50');
});
