import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createGateway } from '../../src/gateway/gateway.ts';
import {
  ask,
  ownerToken,
  startFixture,
  performerOf,
  toyOperations,
  MemoryEvents,
  noRuns,
} from './gateway-fixture.ts';
import type { Fixture } from './gateway-fixture.ts';

const open: Fixture[] = [];
async function start(...args: Parameters<typeof startFixture>): Promise<Fixture> {
  const fixture = await startFixture(...args);
  open.push(fixture);
  return fixture;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((fixture) => fixture.gateway.close()));
});

test('it listens before it is open, and tells what it is', async () => {
  const { gateway, port } = await start({}, { isStarting: true });
  expect(gateway.port).toBe(port);
  expect(await ask(port)).toMatchObject({ status: 200, text: 'ok' });
  expect(await ask(port, { path: '/readyz' })).toMatchObject({ status: 503, json: { status: 'starting' } });
  for (const path of ['/health', '/api/v1/jobs', '/openapi.json', '/nothing'])
    expect(await ask(port, { path })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { code: 'HOMER_STARTING' },
    });
  expect((await ask(port, { path: '/api/v1/jobs', headers: { authorization: '' } })).status).toBe(401);
  expect((await ask(port, { headers: { host: 'evil' } })).status).toBe(421);
  const performer = performerOf({ operations: toyOperations([]) });
  const parts = { performer, events: new MemoryEvents(), runs: noRuns };
  await gateway.open({ ...parts, health: () => ({ daemon: 'healthy', report: {} }) });
  expect((await ask(port, { path: '/api/v1/jobs' })).status).toBe(200);
  expect((await ask(port, { path: '/readyz' })).status).toBe(503);
  gateway.ready();
  expect(await ask(port, { path: '/readyz' })).toMatchObject({ status: 200, json: { status: 'ready' } });
});

test('health tells strangers one word, and is 503 only when down', async () => {
  const fixture = await start();
  const health = (authorization?: string) =>
    ask(fixture.port, { path: '/health', headers: authorization === undefined ? {} : { authorization } });
  expect(await health('')).toMatchObject({ status: 200, json: { daemon: 'healthy' } });
  expect(Object.keys((await health('')).json)).toEqual(['daemon']);
  expect(await health()).toMatchObject({ status: 200, json: { daemon: 'healthy', metrics: { uptime: 1 } } });
  expect((await health()).headers['content-type']).toBe('application/health+json');
  expect((await health('Bearer wrong')).status).toBe(401);
  fixture.health = { daemon: 'degraded', report: {} };
  expect(await health('')).toMatchObject({ status: 200, json: { daemon: 'degraded' } });
  fixture.health = { daemon: 'down', report: {} };
  expect(await health('')).toMatchObject({ status: 503, json: { daemon: 'down' } });
});

test('while it drains it takes no new work and still answers', async () => {
  const { gateway, port, seen } = await start();
  gateway.drain();
  const job = { method: 'POST', path: '/api/v1/jobs', body: '{"prompt":"x"}' };
  expect(await ask(port, job)).toMatchObject({
    status: 503,
    headers: { 'retry-after': '5' },
    json: { code: 'HOMER_DRAINING' },
  });
  expect(seen).toEqual([]);
  expect((await ask(port, { path: '/api/v1/jobs' })).status).toBe(200);
  expect((await ask(port, { path: '/readyz' })).json).toEqual({ status: 'draining' });
  expect((await ask(port)).status).toBe(200);
});

test('it is bound to 127.0.0.1 and to nothing else', async () => {
  const { port } = await start();
  for (const host of ['::1', '127.0.0.2']) {
    const socket = connect({ host, port });
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => 'open'),
      once(socket, 'error').then(() => 'refused'),
    ]).catch(() => 'refused');
    socket.destroy();
    expect(outcome).toBe('refused');
  }
});

test('a further address is listened on as well, under the same guards, and closed with the rest', async () => {
  const { gateway, port } = await start({}, { bind: '127.0.0.2' });
  const there = (host: string) => ask(port, { headers: { host }, address: '127.0.0.2' });
  expect(await there(`127.0.0.1:${port}`)).toMatchObject({ status: 200, text: 'ok' });
  expect((await there(`127.0.0.2:${port}`)).status).toBe(421);
  expect((await ask(port)).status).toBe(200);
  await expect(start({}, { port, bind: '127.0.0.3' })).rejects.toMatchObject({ code: 'HOMER_PORT_TAKEN' });
  const half = connect({ host: '127.0.0.2', port });
  half.on('error', () => undefined);
  await once(half, 'connect');
  half.write('POST /api/v1/jobs HTTP/1.1\r\nContent-Le');
  const halfClosed = once(half, 'close');
  await there(`127.0.0.1:${port}`);
  const began = performance.now();
  await gateway.close();
  expect(performance.now() - began).toBeLessThan(1_000);
  await halfClosed;
  await expect(there('x')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('whoever has the port of the further address is told, and nothing stays open', async () => {
  const first = await start({}, { bind: '127.0.0.2' });
  const squatter = createServer(() => undefined).listen(0, '127.0.0.3');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const message = `Port ${port} of 127.0.0.3 belongs to another program`;
  await expect(start({}, { port, bind: '127.0.0.3' })).rejects.toMatchObject({
    message: expect.stringContaining(message) as string,
  });
  squatter.close();
  await expect(start({}, { bind: '192.0.2.1' })).rejects.toMatchObject({
    message: expect.stringContaining('of 192.0.2.1 cannot be opened: EADDRNOTAVAIL') as string,
  });
  expect((await ask(first.port)).status).toBe(200);
});

test('every address of the machine includes its own', async () => {
  const { port } = await start({}, { bind: '0.0.0.0' });
  for (const address of ['127.0.0.1', '127.0.0.2'])
    expect((await ask(port, { address, headers: { host: `localhost:${port}` } })).status).toBe(200);
});

test('it closes within a second, whatever hangs on it', async () => {
  const { gateway, port } = await start();
  const agent = new Agent({ keepAlive: true });
  const options = { host: '127.0.0.1', port, agent, headers: { authorization: `Bearer ${ownerToken}` } };
  await new Promise<void>((resolve) =>
    request({ ...options, path: '/livez' }, (response) => response.resume().on('end', resolve)).end(),
  );
  const streamEnded = Promise.withResolvers<void>();
  const streamBegan = Promise.withResolvers<void>();
  request({ ...options, agent: false, path: '/api/v1/events' }, (response) => {
    response.once('data', () => streamBegan.resolve());
    response.on('end', () => streamEnded.resolve());
  }).end();
  await streamBegan.promise;
  const half = connect({ host: '127.0.0.1', port });
  half.on('error', () => undefined);
  await once(half, 'connect');
  half.write('POST /api/v1/jobs HTTP/1.1\r\nContent-Le');
  const halfClosed = once(half, 'close');
  // The head that is half there must have arrived, or there is nothing to hang on.
  await ask(port);
  const began = performance.now();
  await gateway.close();
  expect(performance.now() - began).toBeLessThan(1_000);
  await streamEnded.promise;
  await halfClosed;
  await gateway.close();
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  agent.destroy();
});

test('with nothing but idle connections it closes at once', async () => {
  const { gateway, port } = await start();
  const agent = new Agent({ keepAlive: true });
  await new Promise<void>((resolve) =>
    request({ host: '127.0.0.1', port, agent, path: '/livez' }, (response) =>
      response.resume().on('end', resolve),
    ).end(),
  );
  const began = performance.now();
  await gateway.close();
  expect(performance.now() - began).toBeLessThan(300);
  agent.destroy();
});

test('a close before listen is fine', async () => {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const gateway = createGateway({
    port: 0,
    hosts: [],
    token: ownerToken,
    log: silent,
    instanceId: 'i',
    version: '0',
  });
  await gateway.close();
});

test('a foreign program on the port is named', async () => {
  const script = `/* squatter */ require('node:net').createServer(() => {}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    const refused = start({}, { port });
    await expect(refused).rejects.toMatchObject({ code: 'HOMER_PORT_TAKEN' });
    const message = await refused.catch((error: unknown) => (error as Error).message);
    expect(message).toContain(`Port ${port} belongs to another program`);
    if (process.platform === 'linux') {
      expect(message).toContain(`pid ${child.pid}`);
      expect(message).toContain('squatter');
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('another Homer on the port is named by its instance', async () => {
  const first = await start();
  await expect(start({}, { port: first.port })).rejects.toMatchObject({
    code: 'HOMER_PORT_TAKEN',
    message: expect.stringContaining('another Homer, instance i-test') as string,
  });
});

const hasPython = spawnSync('python3', ['-c', '']).status === 0;

// Node cannot bind without listening; a bound socket is what TIME_WAIT looks like to whoever wants the port.
test.runIf(hasPython)('a port that nobody listens on is tried again until it is free', async () => {
  const script = `
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()`;
  const holder = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  const told: string[] = [];
  const gateway = createGateway({
    port,
    hosts: [],
    token: ownerToken,
    log: {
      info: () => undefined,
      warn: (_fields, message) => {
        told.push(message);
        holder.stdin.end();
      },
      error: () => undefined,
    },
    instanceId: 'i',
    version: '0',
  });
  expect(await gateway.listen()).toEqual({ port });
  expect(told).toHaveLength(1);
  await gateway.close();
});

test.runIf(hasPython)('it does not wait for such a port for ever', async () => {
  const script = `
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()`;
  const holder = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  await expect(start({ portWaitMs: 300 }, { port: Number(line.toString()) })).rejects.toMatchObject({
    code: 'HOMER_PORT_TAKEN',
    message: expect.stringContaining('nobody listens') as string,
  });
  holder.stdin.end();
  await once(holder, 'exit');
});
