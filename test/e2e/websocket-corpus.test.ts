// Thousands of mutated frames against a real daemon: it neither falls nor fails. HOMER_MUTATIONS=N sends more, those of
// http-mutations.test.ts included, HOMER_SEED=N others.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecord } from '../../src/lifecycle/record.ts';
import { listOperations } from '../../scripts/render-calls.ts';
import { createRandom, makeTokens, mutations, seed, whileAnswering } from './bent.ts';
import { openRoom, type Room } from './cli-process.ts';
import { SocketClient } from './socket-client.ts';

const wanted = Math.round(mutations * 0.4);
/** Of one connection, before the next is opened. */
const perConnection = 500;
const atOnce = 2;

let room: Room;
let port: number;
let tokens: readonly string[];

beforeAll(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
  // Nothing that a mutated job names can be run.
  writeFileSync(join(room.home, 'config.yaml'), '{ lanes: { default: { concurrency: 1 } } }', {
    mode: 0o600,
  });
  expect((await room.run(['start'])).code).toBe(0);
  port = (await readRecord(room.home))?.port ?? 0;
  tokens = await makeTokens(port, readFileSync(join(room.home, 'token'), 'utf8').trim(), atOnce);
});
afterAll(() => room.close());

const odd: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53 + 2,
  '',
  'x'.repeat(3_000),
  '\u0000',
  '../../etc/passwd',
  '$(touch x)',
  '\ud83d\ude00',
  'ünïcödé \u202e',
  [],
  {},
  [[[[]]]],
  { constructor: 1 },
  { toString: null },
  'j0123456789abcdefghj',
  '2026-11-25T00:00:00Z',
  '1; DROP TABLE jobs',
];
/** What would end the test itself, or start programs of the machine. */
const left = new Set([
  'daemon.stop',
  'jobs.create',
  'jobs.retry',
  'sessions.send',
  'schedules.run',
  'daemon.release',
]);

test(`mutation corpus: ${wanted} frames from seed ${seed}: no crash, no fault, and /livez answers`, async () => {
  const random = createRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const names = [
    ...listOperations().map(({ name }) => name),
    'hello',
    'subscribe',
    'unsubscribe',
    'ping',
    'x',
  ].filter((name) => !left.has(name));
  const keys = [
    'id',
    'name',
    'limit',
    'cursor',
    'state',
    'topic',
    'since',
    'lane',
    'session',
    'path',
    'changes',
    'digest',
    'text',
    'key',
  ];
  const params = (): unknown => {
    if (random() < 0.1) return pick(odd);
    return Object.fromEntries(
      Array.from({ length: Math.floor(random() * 4) }, () => [pick(keys), pick(odd)]),
    );
  };
  const frame = (id: number): Buffer => {
    const request: Record<string, unknown> = { jsonrpc: '2.0', id, method: pick(names), params: params() };
    if (random() < 0.05) request[pick(['jsonrpc', 'id', 'method', 'more'])] = pick(odd);
    const bytes = Buffer.from(JSON.stringify(random() < 0.02 ? [request] : request));
    if (random() < 0.97) return bytes;
    // A bit turned over, a piece lost, a piece twice.
    const at = Math.floor(random() * bytes.length);
    const kind = random();
    if (kind < 0.4) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind < 0.7) return bytes.subarray(0, at);
    else return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 9))]);
    return bytes;
  };

  let sent = 0;
  const codes = new Map<number, number>();
  const faults: unknown[] = [];
  const client = async (token: string): Promise<void> => {
    while (sent < wanted) {
      const client = await SocketClient.enter(port, token);
      for (let count = 1; count <= perConnection && sent < wanted; count++) {
        if (client.socket.readyState !== client.socket.OPEN) break;
        client.socket.send(frame(sent), { binary: random() < 0.005 });
        sent += 1;
        // What is under way is waited for: others wait behind it.
        if (count % 12 === 0) await Promise.race([client.ask('ping'), client.closed]).catch(() => undefined);
      }
      client.socket.close();
      const { code } = await client.closed;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      faults.push(...client.told.filter(({ error }) => error?.data?.['code'] === 'HOMER_INTERNAL'));
    }
  };
  await whileAnswering(port, () => Promise.all(tokens.map(client)));
  console.log(`${sent} frames, closed: ${JSON.stringify([...codes])}`);
  expect(faults).toEqual([]);
  // 1005: closed by us, without a code.
  for (const code of codes.keys()) expect([1003, 1005, 1007, 4400, 4429]).toContain(code);
  const status = await room.run(['status', '--json']);
  expect(status.stdout, status.stderr).toContain('"daemon"');
});
