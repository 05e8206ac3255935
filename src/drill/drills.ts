// What is played: one drill for each recovery procedure of docs/recovery.md. Each begins with a daemon that is ready and no job,
// and ends with a daemon that runs; whether anything was lost on the way is found out by whoever plays it.

import { once } from 'node:events';
import { closeSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { endOne, findOwn } from './own-processes.ts';
import { RedisServer } from './redis-server.ts';
import type { Scratch } from './scratch.ts';

export interface Drill {
  readonly name: string;
  /** What happens, in one line for people. */
  readonly summary: string;
  /** Processes have to be found for it, which takes a /proc. */
  readonly needsProcesses?: true;
  /** The state directory has to be a small file system of its own. */
  readonly needsSmallDisk?: true;
  /** A program that has to be there. */
  readonly needs?: string;
  /** Throws an Error when Homer did not do what it should. */
  play(scratch: Scratch): Promise<void>;
}

/** Two of each kind, begun, and two more that wait behind them. */
async function atWork(scratch: Scratch): Promise<void> {
  const running = [
    await scratch.submit('once'),
    await scratch.submit('again'),
    await scratch.submit('once'),
    await scratch.submit('again'),
  ];
  await scratch.submit('once');
  await scratch.submit('again');
  await scratch.begun(...running);
}

function letGo(scratch: Scratch): void {
  scratch.release(...scratch.jobs);
}

async function expectEnd(scratch: Scratch, code: number, env: Record<string, string> = {}): Promise<void> {
  const [ended] = (await once(scratch.serve(env), 'exit')) as [number | null];
  if (ended !== code) throw new Error(`a start ended with ${String(ended)}, not with ${code}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const daemon: Drill = {
  name: 'daemon',
  summary: 'the daemon is killed while jobs run and wait; the next one adopts them',
  async play(scratch) {
    await atWork(scratch);
    await scratch.kill();
    await scratch.start();
    letGo(scratch);
  },
};

const runner: Drill = {
  name: 'runner',
  summary: 'the runners are killed; what may be repeated is, the rest waits for you',
  needsProcesses: true,
  async play(scratch) {
    await atWork(scratch);
    const { runners, agents } = findOwn(scratch.identity);
    for (const pid of runners) endOne(pid);
    // What they leave behind is ended before anything is done again.
    await scratch.until(
      () => !findOwn(scratch.identity).agents.some((pid) => agents.includes(pid)),
      'what the dead runners had started was not ended',
    );
    letGo(scratch);
  },
};

const agent: Drill = {
  name: 'agent',
  summary: 'what the runners started is killed',
  needsProcesses: true,
  async play(scratch) {
    await atWork(scratch);
    for (const pid of findOwn(scratch.identity).agents) endOne(pid);
    letGo(scratch);
  },
};

const plug: Drill = {
  name: 'plug',
  summary: 'daemon, runners and agents are killed at once, as by a power cut',
  needsProcesses: true,
  async play(scratch) {
    await atWork(scratch);
    const { runners, agents } = findOwn(scratch.identity);
    const killed = scratch.kill();
    for (const pid of [...runners, ...agents]) endOne(pid);
    await killed;
    await scratch.start();
    letGo(scratch);
  },
};

const twice: Drill = {
  name: 'twice',
  summary:
    'five more daemons are started, over a living and over a dead one; one works, the others are refused',
  async play(scratch) {
    await atWork(scratch);
    await Promise.all(Array.from({ length: 5 }, () => expectEnd(scratch, 75)));
    await scratch.kill();
    const rivals = Array.from({ length: 5 }, () => scratch.serve());
    await scratch.until(
      () => rivals.filter(({ exitCode }) => exitCode === 75).length === 4,
      'four were not refused',
    );
    await scratch.untilReady(rivals);
    letGo(scratch);
  },
};

const port: Drill = {
  name: 'port',
  summary:
    'another program has taken the port; the start is refused, not repeated for ever, and works once the port is free',
  async play(scratch) {
    const taken = await freePort();
    await atWork(scratch);
    await scratch.kill();
    const thief = createServer().listen(taken, '127.0.0.1');
    await once(thief, 'listening');
    try {
      await expectEnd(scratch, 78, { HOMER_PORT: String(taken) });
    } finally {
      thief.close();
    }
    await scratch.start({ HOMER_PORT: String(taken) });
    letGo(scratch);
  },
};

const config: Drill = {
  name: 'config',
  summary:
    'config.yaml is damaged under a running daemon, which works on; a start is refused until it is mended',
  async play(scratch) {
    await atWork(scratch);
    writeFileSync(join(scratch.home, 'config.yaml'), 'lanes: { default: { concurrency: many\n');
    const { code } = await scratch.command('config', 'check');
    if (code !== 78) throw new Error(`config check ended with ${String(code)}, not with 78`);
    await scratch.submit('again');
    await scratch.kill();
    await expectEnd(scratch, 78);
    scratch.configure();
    await scratch.start();
    letGo(scratch);
  },
};

const restore: Drill = {
  name: 'restore',
  summary:
    'the ledger is destroyed and put back from a backup; the daemon starts held, and works when it is told to',
  async play(scratch) {
    const done = [await scratch.submit('once'), await scratch.submit('again')];
    scratch.release(...done);
    await scratch.settle(done);
    await scratch.store();
    const [copy = ''] = (await scratch.must('backup')).split('\n');
    await scratch.kill();
    for (const name of readdirSync(scratch.home))
      if (name.startsWith('homer.db')) rmSync(join(scratch.home, name));
    await scratch.must('restore', copy, '--verify');
    await scratch.must('restore', copy);
    await scratch.start();
    const job = await scratch.submit('once');
    scratch.release(job);
    if ((await scratch.look(job.id))?.state !== 'queued') throw new Error('it was not held');
    await scratch.must('resume');
  },
};

const redis: Drill = {
  name: 'redis',
  summary: 'a Redis of its own, which claims go through, is killed, stays away, and comes back empty',
  needs: 'redis-server',
  async play(scratch) {
    const server = await RedisServer.start(await freePort(), scratch.base);
    try {
      await scratch.kill();
      scratch.configure({ engine: { kind: 'bullmq', url: server.url } });
      await scratch.start();
      await atWork(scratch);
      await server.kill();
      await scratch.submit('once');
      await server.again();
      letGo(scratch);
      await scratch.settle();
    } finally {
      await server.kill();
    }
  },
};

const disk: Drill = {
  name: 'disk',
  summary:
    'the disk fills up: nothing is acknowledged that is not written, and work goes on when there is room again',
  needsSmallDisk: true,
  async play(scratch) {
    await atWork(scratch);
    const ballast = join(scratch.home, 'ballast');
    fill(ballast);
    await storeUntilRefused(scratch);
    rmSync(ballast);
    await scratch.until(async () => (await scratch.command('status')).code === 0, 'it did not heal');
    await scratch.submit('once');
    letGo(scratch);
  },
};

function fill(file: string): void {
  const out = openSync(file, 'w');
  const piece = Buffer.alloc(4_096);
  try {
    for (;;) writeSync(out, piece);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    // Full, as it is meant to be.
  } finally {
    closeSync(out);
  }
}

/** The ledger has a little room of its own. */
async function storeUntilRefused(scratch: Scratch): Promise<void> {
  for (let sent = 0; sent < 5_000; sent++) {
    try {
      await scratch.store();
    } catch (error) {
      if (String(error).includes('HOMER_DISK_FULL')) return;
      throw error;
    }
  }
  throw new Error('a full disk refused nothing');
}

export const drills: readonly Drill[] = [
  daemon,
  runner,
  agent,
  plug,
  twice,
  port,
  config,
  disk,
  redis,
  restore,
];
