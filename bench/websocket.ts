// A thousand WebSockets that listen to everything, while something happens 200 times a second.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { BenchDaemon, BenchHome } from './daemon-process.ts';
import { cpuMicrosOf, residentMegabytes } from './process-usage.ts';
import type { Line } from './report.ts';

export interface SocketScale {
  readonly clients: number;
  readonly seconds: number;
}

const perSecond = 200;
const idleMs = 5_000;
const lagFile = 'loop-lag.json';

interface Event {
  readonly at: string;
  readonly type: string;
}

/** How long each event took to each client, in whole ms, and how many came. */
class Tally {
  readonly counts = new Uint32Array(10_000);
  received = 0;
  isCounting = false;
  #last = Buffer.alloc(0);
  #events: readonly Event[] = [];

  /** All get the same bytes, so what is the same need not be parsed a thousand times. */
  take(frame: Buffer): void {
    if (!frame.equals(this.#last)) {
      const { method, params } = JSON.parse(frame.toString('utf8')) as {
        method?: string;
        params?: { events?: readonly Event[] };
      };
      this.#events = method === 'events' ? (params?.events ?? []) : [];
      this.#last = Buffer.from(frame);
    }
    if (!this.isCounting) return;
    const now = Date.now();
    for (const { at, type } of this.#events) {
      if (!type.startsWith('lane.')) continue;
      const ms = Math.min(this.counts.length - 1, Math.max(0, now - Date.parse(at)));
      this.counts[ms] = (this.counts[ms] ?? 0) + 1;
      this.received += 1;
    }
  }

  percentile(share: number): number {
    let left = this.received * share;
    return this.counts.findIndex((count) => (left -= count) <= 0);
  }
}

async function open(port: number, token: string, onMessage: (frame: Buffer) => void): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  socket.on('message', onMessage);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function readLag(home: BenchHome, pid: number): Promise<{ p50: number; p99: number; max: number }> {
  const file = join(home.directory, lagFile);
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as { p50: number; p99: number; max: number };
    } catch {
      // It is not written yet.
      await delay(10);
    }
  }
}

export async function benchWebSocket({ clients, seconds }: SocketScale): Promise<Line[]> {
  const home = new BenchHome();
  home.env['NODE_OPTIONS'] = `--import=${join(import.meta.dirname, 'loop-lag.ts')}`;
  const daemon = await BenchDaemon.start(home);
  const sockets: WebSocket[] = [];
  try {
    const { port, token } = daemon;
    const idle = residentMegabytes(daemon.pid);
    await readLag(home, daemon.pid);
    await delay(idleMs);
    // What the machine itself does to an event loop that has nothing to do.
    const idleLag = await readLag(home, daemon.pid);
    const tally = new Tally();
    let subscribed = 0;
    for (let count = 0; count < clients; count++) {
      const socket = await open(port, token, (frame) => tally.take(frame));
      socket.once('message', () => (subscribed += 1));
      socket.send('{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"topic":"events"}}');
      sockets.push(socket);
    }
    while (subscribed < clients) await delay(10);
    let asked = 0;
    let answered = 0;
    const caller = await open(port, token, (frame) => {
      const { id, error } = JSON.parse(frame.toString('utf8')) as { id?: number; error?: unknown };
      if (error !== undefined) throw new Error(`an event could not be made: ${JSON.stringify(error)}`);
      if (id !== undefined) answered += 1;
    });
    sockets.push(caller);
    const happen = (): void => {
      const method = asked++ % 2 === 0 ? 'lanes.pause' : 'lanes.resume';
      caller.send(JSON.stringify({ jsonrpc: '2.0', id: asked, method, params: { lane: 'default' } }));
    };
    // Until everything that is compiled on the way is compiled.
    for (let count = 0; count < 2 * perSecond; count++, await delay(1_000 / perSecond)) happen();
    while (answered < asked) await delay(10);
    await delay(500);
    const connected = residentMegabytes(daemon.pid);
    await readLag(home, daemon.pid);
    tally.isCounting = true;
    const cpuBefore = cpuMicrosOf(daemon.pid);
    const before = asked;
    const began = performance.now();
    const memory: number[] = [];
    while (performance.now() - began < seconds * 1_000) {
      const due = before + Math.floor(((performance.now() - began) / 1_000) * perSecond);
      // What is under way is limited; on a disk that is slow there are fewer events.
      while (asked < due && asked - answered < 60) happen();
      memory.push(residentMegabytes(daemon.pid));
      await delay(5);
    }
    const happened = asked - before;
    const wanted = happened * clients;
    for (let waited = 0; tally.received < wanted && waited < 10_000; waited += 50) await delay(50);
    const cpu = (cpuMicrosOf(daemon.pid) - cpuBefore) / 1e6 / ((performance.now() - began) / 1_000);
    const lag = await readLag(home, daemon.pid);
    const peak = Math.max(...memory);
    const p99 = tally.percentile(0.99);
    return [
      {
        title: `${clients} WebSockets, ${perSecond} events/s for ${seconds} s: from the event to the client`,
        values: [
          { name: 'events', value: happened / seconds, unit: '/s' },
          { name: 'p50', value: tally.percentile(0.5), unit: ' ms' },
          { name: 'p99', value: p99, unit: ' ms' },
          { name: 'received', value: (100 * tally.received) / wanted, unit: ' %' },
        ],
        aim: 'p99 ≤ 250 ms, and all of them',
        reached: p99 <= 250 && tally.received === wanted,
      },
      {
        title: 'event loop of the daemon meanwhile, late by',
        values: [
          { name: 'p50', value: lag.p50, unit: ' ms' },
          { name: 'p99', value: lag.p99, unit: ' ms' },
          { name: 'max', value: lag.max, unit: ' ms' },
          { name: 'p99 with nothing to do', value: idleLag.p99, unit: ' ms' },
          { name: 'CPU', value: 100 * cpu, unit: ' % of a core' },
        ],
        aim: 'p99 ≤ 50 ms',
        reached: lag.p99 <= 50,
      },
      {
        title: 'memory of the daemon',
        values: [
          { name: 'alone', value: idle, unit: ' MB' },
          { name: 'with the clients', value: connected, unit: ' MB' },
          { name: 'at most since', value: peak, unit: ' MB' },
        ],
        aim: 'flat: at most 20 % more than when all had connected',
        reached: peak <= connected * 1.2,
      },
    ];
  } finally {
    for (const socket of sockets) socket.terminate();
    await daemon.stop();
    home.remove();
  }
}
