import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { DaemonRecord } from '../lifecycle/record.ts';
import { createClient, type Client } from './client.ts';
import { readEvents, type ServerEvent } from './event-stream.ts';

let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

async function clientOf(listener: RequestListener): Promise<Client> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const record: DaemonRecord = {
    pid: process.pid,
    startTime: null,
    bootId: null,
    instanceId: 'a',
    port,
    canvasPort: null,
    version: '0',
    startedAt: '2026-01-02T03:04:05.000Z',
  };
  return createClient(record, 'secret');
}

test('fills the path, asks with token and key, and says nothing of what is not set', async () => {
  const seen: unknown[] = [];
  const client = await clientOf((request, response) => {
    seen.push(request.method, request.url, request.headers.authorization, request.headers['idempotency-key']);
    response.end('{"ok":true}');
  });
  const query = { limit: 5, state: undefined };
  expect(await client.call('jobs.get', { params: { id: 'a/b' }, query })).toEqual({ ok: true });
  await client.call('jobs.create', { key: 'k', body: {} });
  expect(seen).toEqual([
    'GET',
    '/api/v1/jobs/a%2Fb?limit=5',
    'Bearer secret',
    undefined,
    'POST',
    '/api/v1/jobs',
    'Bearer secret',
    'k',
  ]);
});

test('a problem document becomes the error it names', async () => {
  const client = await clientOf((_, response) => {
    response.writeHead(400, { 'content-type': 'application/problem+json' });
    response.end('{"code":"HOMER_LANE_UNKNOWN","detail":"There is no lane x.","hint":"Use another."}');
  });
  await expect(client.call('lanes.list')).rejects.toMatchObject({
    code: 'HOMER_LANE_UNKNOWN',
    message: 'There is no lane x.',
    hint: 'Use another.',
  });
});

test('what is not Homer, does not answer or breaks off is unreachable', async () => {
  const other = await clientOf((_, response) => void response.end('<html>'));
  await expect(other.call('lanes.list')).rejects.toMatchObject({ code: 'HOMER_UNREACHABLE' });
  server?.close();
  const silent = await clientOf(() => undefined);
  await expect(silent.call('lanes.list', { timeoutMs: 30 })).rejects.toMatchObject({
    code: 'HOMER_UNREACHABLE',
  });
  server?.close();
  const torn = await clientOf((request) => request.socket.destroy());
  await expect(torn.call('lanes.list')).rejects.toMatchObject({ code: 'HOMER_UNREACHABLE' });
});

async function collect(client: Client, events: ServerEvent[]): Promise<void> {
  for await (const event of readEvents(await client.open('/s', {}, new AbortController().signal)))
    events.push(event);
}

test('reads events in pieces of any size, and ends with the stream', async () => {
  const client = await clientOf((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const byte of Buffer.from(
      ': hello\n\nid: 1\nevent: text\ndata: {"t":"é"}\n\nid: 2\n\nevent: end\ndata: {}\n\n',
    ))
      response.write(Buffer.from([byte]));
    response.end();
  });
  const events: ServerEvent[] = [];
  await collect(client, events);
  expect(events).toEqual([
    { id: '1', event: 'text', data: '{"t":"é"}' },
    { id: null, event: 'end', data: '{}' },
  ]);
});

test('a stream that breaks off is not one that ended', async () => {
  const client = await clientOf((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('id: 1\ndata: 1\n\n', () => request.socket.destroy());
  });
  const events: ServerEvent[] = [];
  await expect(collect(client, events)).rejects.toMatchObject({ code: 'HOMER_UNREACHABLE' });
});
