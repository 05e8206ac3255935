// What the corpora of bent requests share: chance that can be repeated, and a look at how long everybody else waits meanwhile.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { ask } from './gateway-fixture.ts';

/** Of all corpora together; each takes its part. */
export const mutations = Number(process.env['HOMER_MUTATIONS'] ?? 100_000);
export const seed = Number(process.env['HOMER_SEED'] ?? Date.now() % 1_000_000);

/** mulberry32: a seed gives the same numbers everywhere. */
export function createRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tokens with all rights: the rate of one is limited, and is not what is looked at here. */
export async function makeTokens(port: number, owner: string, count: number): Promise<string[]> {
  const make = async (index: number): Promise<string> => {
    const { json } = await ask(port, {
      ...{ method: 'POST', path: '/api/v1/tokens', headers: { authorization: `Bearer ${owner}` } },
      body: JSON.stringify({ name: `bent-${index}`, scopes: ['admin'] }),
    });
    return String(json['text']);
  };
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}

const bareServer = `
  require('node:http').createServer((request, response) => response.end('ok'))
    .listen(0, '127.0.0.1', function () { console.log(this.address().port) });`;

/**
 * Asks for /livez until `work` is done, and a server of a process that does nothing else as often: what both wait for is the
 * machine. Fails when the daemon makes one in twenty wait 200 ms more, or anybody two seconds.
 */
export async function whileAnswering<Result>(port: number, work: () => Promise<Result>): Promise<Result> {
  const bare = spawn(process.execPath, ['-e', bareServer], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [told] = (await once(bare.stdout, 'data')) as [Buffer];
  const barePort = Number(told.toString('utf8'));
  const waits: { readonly daemon: number[]; readonly bare: number[] } = { daemon: [], bare: [] };
  const look = async (at: number, into: number[]): Promise<void> => {
    const began = performance.now();
    expect((await ask(at, { path: '/livez', headers: { authorization: '' } })).text).toBe('ok');
    into.push(performance.now() - began);
  };
  let isDone = false;
  const watch = async (): Promise<void> => {
    while (!isDone) {
      await look(port, waits.daemon);
      await look(barePort, waits.bare);
      await delay(10);
    }
  };
  try {
    const working = work().finally(() => {
      isDone = true;
    });
    const [result] = await Promise.all([working, watch()]);
    const of = (all: readonly number[], share: number): number =>
      all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0;
    const shown = ([0.5, 0.95, 1] as const).map(
      (share) => `${of(waits.daemon, share).toFixed(0)} (${of(waits.bare, share).toFixed(0)})`,
    );
    console.log(`/livez p50, p95, max: ${shown.join(', ')} ms; in brackets a bare server beside it`);
    expect(of(waits.daemon, 0.95)).toBeLessThan(200 + of(waits.bare, 0.95));
    expect(of(waits.daemon, 1)).toBeLessThan(2_000 + of(waits.bare, 1));
    return result;
  } finally {
    bare.kill();
  }
}
