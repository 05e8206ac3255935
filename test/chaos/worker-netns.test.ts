// Two workers in network namespaces of their own, each with an address of its own; the link of one goes down and comes back. Nothing is
// lost, nothing is settled twice, and no two runs of one job live at the same time. Needs root and iproute2.

import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { letGo, livesOf, overlapMs, untilPulse } from './pulse.ts';
import { createWorkerRoom, isDone, type WorkerRoom } from './worker-room.ts';

const tag = `h${process.pid % 100_000}`;
const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

interface Net {
  readonly namespace: string;
  /** Of the daemon's host, as seen from inside. */
  readonly gateway: string;
  setLink(state: 'up' | 'down'): void;
  remove(): void;
}

/** Namespace `index` with a link of its own to this host: 10.231.INDEX.1 here, 10.231.INDEX.2 there. */
function createNet(index: number): Net {
  const namespace = `${tag}n${index}`;
  const [near, far] = [`${tag}a${index}`, `${tag}b${index}`];
  const gateway = `10.231.${index}.1`;
  ip('netns', 'add', namespace);
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
  ip('addr', 'add', `${gateway}/24`, 'dev', near);
  ip('link', 'set', near, 'up');
  ip('-n', namespace, 'addr', 'add', `10.231.${index}.2/24`, 'dev', far);
  ip('-n', namespace, 'link', 'set', far, 'up');
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  return {
    namespace,
    gateway,
    setLink: (state) => void ip('link', 'set', near, state),
    remove: () => void ip('netns', 'del', namespace),
  };
}

/** In a sentence, why this cannot be shown here; null: it can. */
function whyNot(): string | null {
  try {
    ip('netns', 'add', `${tag}try`);
    ip('netns', 'del', `${tag}try`);
    return null;
  } catch (error) {
    return `no network namespace can be made here: ${String(error).split('\n', 1)[0] ?? ''}`;
  }
}

const reason = whyNot();
if (reason !== null) process.stderr.write(`skipped: ${reason}\n`);

let room: WorkerRoom | null = null;
const nets: Net[] = [];
afterEach(async () => {
  await room?.remove();
  for (const net of nets.splice(0)) net.remove();
});

test.skipIf(reason !== null)(
  'a worker whose link goes down and comes back: 0 lost, none settled twice, no two live runs of one job',
  async () => {
    nets.push(createNet(1), createNet(2));
    room = await createWorkerRoom({
      redisMore: ['--bind', '127.0.0.1', '10.231.1.1', '10.231.2.1', '--protected-mode', 'no'],
      config: {
        lanes: { default: { concurrency: 8 }, far: { concurrency: 4, labels: ['far'] } },
        workers: { moveAfter: '5s' },
      },
    });
    const daemon = room.start();
    const { port } = room.redis();
    for (const [index, net] of nets.entries())
      await room.worker(daemon, `host${index}`, {
        labels: 'far',
        concurrency: 2,
        url: `redis://${net.gateway}:${port}`,
        prefix: ['ip', 'netns', 'exec', net.namespace],
      });
    const jobs = Array.from({ length: 10 }, () => room?.home.plan('once')).filter((job) => job !== undefined);
    const ids = await Promise.all(
      jobs.map(
        async (job) => (await room?.home.submit(daemon, job, { lane: 'far', executor: 'pulse' }))?.id ?? '',
      ),
    );
    // Both have their hands full when one is cut off.
    const running = async (): Promise<number> =>
      (await Promise.all(ids.map((id) => daemon.job(id)))).filter(({ state }) => state === 'running').length;
    await daemon.until(async () => (await running()) === 4);
    const first = await Promise.all(ids.map((id) => daemon.job(id)));
    const cutOff = jobs.filter((_, index) => first[index]?.runs[0]?.host === 'host0');
    expect(cutOff).toHaveLength(2);
    for (const job of cutOff) await untilPulse(job.path, 2);
    nets[0]?.setLink('down');
    // The other one gets its jobs once their leases are over, and does all there is.
    for (const job of jobs) if (!cutOff.includes(job)) letGo(job.path);
    const again = ids.filter((_, index) => cutOff.includes(jobs[index] ?? (jobs[0] as never)));
    for (const id of again)
      await daemon.untilJob(id, ({ runs }) => runs[1]?.startedAt !== null && runs.length === 2);
    nets[0]?.setLink('up');
    for (const job of jobs) letGo(job.path);
    for (const id of ids) await daemon.untilJob(id, isDone);
    // And it is back: it takes jobs again.
    await daemon.until(async () =>
      ((await room?.workers(daemon)) ?? []).every(({ state }) => state === 'up'),
    );

    const ended = await Promise.all(ids.map((id) => daemon.job(id)));
    expect(ended.map(({ state }) => state)).toEqual(Array(10).fill('succeeded'));
    for (const [index, { runs }] of ended.entries()) {
      const job = jobs[index];
      if (job === undefined) continue;
      expect(runs.filter(({ verdict }) => verdict === 'done')).toHaveLength(1);
      expect(livesOf(job.path).filter((life) => life.ended)).toHaveLength(1);
      expect(livesOf(job.path)).toHaveLength(cutOff.includes(job) ? 2 : 1);
      expect(overlapMs(job.path)).toBe(0);
    }
    await daemon.end('SIGTERM');
  },
);
