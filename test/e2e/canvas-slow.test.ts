// Whoever looks at canvases without taking what is sent: cut in time, so that others find room.

import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCanvasStore } from '../../src/canvas/store.ts';
import { createCanvasHost, type CanvasHost } from '../../src/gateway/canvas-host.ts';
import { gatewayLimits } from '../../src/gateway/gateway-options.ts';
import { ask } from './gateway-fixture.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let directory: string;
let host: CanvasHost;
let port: number;
let key: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'homer-canvas-'));
  const store = createCanvasStore({ directory, now: Date.now, onUnreadable: () => undefined });
  const files = [
    { path: 'index.html', data: Buffer.from('<h1>Sales</h1>') },
    // More than the sockets of both sides take.
    { path: 'film.bin', data: Buffer.alloc(12_000_000) },
  ];
  ({ key } = await store.put('sales', { source: 'test', owner: null, replace: false, files }));
  const limits = { ...gatewayLimits, mostConnections: 8, answerStallMs: 300, portWaitMs: 0 };
  host = createCanvasHost({
    ...limits,
    ...{ gatewayPort: 65_535, bind: '127.0.0.1', hosts: [], log: quiet, onError: () => undefined },
  });
  port = await host.listen();
  host.open(store);
});
afterEach(async () => {
  await host.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Sends this many requests for the film at once, and takes nothing of the answers. */
async function ogle(requests: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined).pause();
  await once(socket, 'connect');
  socket.write(`GET /${key}/film.bin HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(requests));
  return socket;
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('61 those who take nothing are cut, and leave room and files', async () => {
  const before = openFiles();
  const sockets = await Promise.all(Array.from({ length: 8 }, () => ogle(1)));
  await expect
    .poll(
      () =>
        ask(port, { path: `/${key}/` }).then(
          ({ status }) => status,
          () => null,
        ),
      { timeout: 5_000 },
    )
    .toBe(200);
  for (const socket of sockets) socket.destroy();
  await expect.poll(openFiles, { timeout: 5_000 }).toBeLessThanOrEqual(before);
});

test('60 one connection opens one file, however much it asks for', async () => {
  const before = openFiles();
  const socket = await ogle(500);
  let most = 0;
  const closed = once(socket.resume(), 'close');
  const look = setInterval(() => (most = Math.max(most, openFiles() - before)), 5);
  await closed;
  clearInterval(look);
  expect(most).toBeLessThan(20);
  expect((await ask(port, { path: `/${key}/` })).text).toContain('Sales');
});
