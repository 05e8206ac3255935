import { Agent } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HomerError } from '../../src/core/errors.ts';
import type { RunStream } from '../../src/gateway/run-stream.ts';
import { Reader } from './event-reader.ts';
import { ask, MemoryEvents, ownerToken, readToken, runId, startFixture } from './gateway-fixture.ts';
import type { Fixture, Said } from './gateway-fixture.ts';

let fixture: Fixture;
afterEach(() => fixture.gateway.close());

test('without a cursor it begins now, and knows its place before the first event', async () => {
  fixture = await startFixture();
  fixture.events.append('job.accepted');
  const reader = new Reader(fixture.port, '/api/v1/events');
  await reader.begun();
  expect(reader.lastId).toBe('g1.1');
  fixture.events.append('job.queued', { lane: 'work\n\ndata: x' });
  expect((await reader.events(1))[0]).toEqual({
    id: 'g1.2',
    event: 'job.queued',
    data: {
      at: 1,
      type: 'job.queued',
      jobId: 'j0123456789abcdefghj',
      runId: null,
      data: { lane: 'work\n\ndata: x' },
    },
  });
});

test('cut off again and again, a reader misses nothing and sees nothing twice', async () => {
  fixture = await startFixture();
  const seen: string[] = [];
  let lastId = 'g1.0';
  for (let round = 0; round < 20; round++) {
    const reader = new Reader(fixture.port, '/api/v1/events?since=g1.0', lastId);
    for (let count = 0; count < 50; count++) fixture.events.append('job.queued', round * 50 + count);
    const wanted = 1 + ((round * 7) % 40);
    const events = (await reader.events(wanted)).slice(0, wanted);
    reader.close();
    await reader.ended;
    seen.push(...events.map((each) => each.id ?? ''));
    lastId = seen.at(-1) ?? lastId;
  }
  const reader = new Reader(fixture.port, '/api/v1/events', lastId);
  seen.push(...(await reader.events(1_000 - seen.length)).map((each) => each.id ?? ''));
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => `g1.${index + 1}`));
  reader.close();
});

test('a restart of the gateway is only a reconnect', async () => {
  fixture = await startFixture();
  const { events } = fixture;
  const first = new Reader(fixture.port, '/api/v1/events');
  await first.begun();
  events.append('job.queued', 1);
  await first.events(1);
  await fixture.gateway.close();
  await first.ended;
  events.append('job.queued', 2);
  fixture = await startFixture({}, { events });
  events.append('job.queued', 3);
  const second = new Reader(fixture.port, '/api/v1/events', first.lastId ?? '');
  expect((await second.events(2)).map((each) => each.id)).toEqual(['g1.2', 'g1.3']);
});

test('a cursor that cannot be served gets reset with the current one, and goes on from there', async () => {
  const events = new MemoryEvents('g2');
  for (let count = 0; count < 10; count++) events.append('job.queued');
  events.prune(5);
  fixture = await startFixture({}, { events });
  const cases = { 'g1.3': 'generation', 'g2.3': 'pruned', 'g2.99': 'future', nonsense: 'malformed' };
  for (const [cursor, reason] of Object.entries(cases)) {
    const reader = new Reader(fixture.port, `/api/v1/events?since=${cursor}`);
    const last = `g2.${events.lastSeq()}`;
    expect((await reader.events(1))[0]).toEqual({ id: last, event: 'reset', data: { cursor: last, reason } });
    events.append('job.started');
    expect((await reader.events(2))[1]?.id).toBe(`g2.${events.lastSeq()}`);
    reader.close();
    await reader.ended;
  }
});

test('a reader that does not read is cut off, and memory stays flat', async () => {
  fixture = await startFixture({ heartbeatMs: 100 });
  const socket = connect({ host: '127.0.0.1', port: fixture.port });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.write(
    `GET /api/v1/events?since=g1.0 HTTP/1.1\r\nHost: localhost:${fixture.port}\r\nAuthorization: Bearer ${ownerToken}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('readable', resolve));
  expect(fixture.gateway.openStreams).toBe(1);
  for (let count = 0; count < 400; count++) fixture.events.append('job.queued', 'x'.repeat(50_000));
  await fixture.events.gone();
  expect(fixture.gateway.openStreams).toBe(0);
  socket.destroy();
  await closed;
});

test('the beat goes on while nothing happens', async () => {
  fixture = await startFixture({ heartbeatMs: 20 });
  const reader = new Reader(fixture.port, '/api/v1/events');
  while (reader.got.length < 4) {
    await reader.begun();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(reader.got.slice(1).every((each) => each.event === null && each.id === null)).toBe(true);
  reader.close();
});

test('one token has only so many streams, and the others have theirs', async () => {
  fixture = await startFixture({ mostStreamsEach: 2 });
  const readers = [1, 2].map(() => new Reader(fixture.port, '/api/v1/events'));
  await Promise.all(readers.map((reader) => reader.begun()));
  const path = '/api/v1/events';
  const said = await ask(fixture.port, { path });
  expect(said).toMatchObject({
    status: 429,
    headers: { connection: 'close', 'retry-after': '5' },
    json: { code: 'HOMER_RATE_LIMITED', detail: 'There are 2 open streams of owner, which is the limit.' },
  });
  const another = new Reader(fixture.port, path, undefined, readToken);
  await another.begun();
  expect((await ask(fixture.port, { path: '/api/v1/jobs' })).status).toBe(200);
});

test('one token has only so many connections, and the others have theirs', async () => {
  fixture = await startFixture({ mostConnectionsEach: 3, mostConnections: 6 });
  const agent = new Agent({ keepAlive: true });
  const hold = (): Promise<Said> => ask(fixture.port, { path: '/api/v1/jobs', agent });
  // At once, so that each has a connection of its own, which is then left open.
  expect((await Promise.all([hold(), hold(), hold()])).map(({ status }) => status)).toEqual([200, 200, 200]);
  const said = await ask(fixture.port, { path: '/api/v1/jobs' });
  expect(said).toMatchObject({
    status: 429,
    headers: { connection: 'close' },
    json: { code: 'HOMER_RATE_LIMITED', detail: 'There are 3 connections of this token.' },
  });
  // Over those that it has it may go on asking.
  expect((await hold()).status).toBe(200);
  const other = { authorization: `Bearer ${readToken}` };
  expect((await ask(fixture.port, { path: '/api/v1/jobs', headers: other })).status).toBe(200);
  agent.destroy();
  const isFree = async (): Promise<boolean> =>
    (await ask(fixture.port, { path: '/api/v1/jobs' })).status === 200 || isFree();
  expect(await isFree()).toBe(true);
});

test('there are only so many streams', async () => {
  fixture = await startFixture({ mostStreams: 2 });
  const readers = [1, 2].map(() => new Reader(fixture.port, '/api/v1/events'));
  await Promise.all(readers.map((reader) => reader.begun()));
  const said = await ask(fixture.port, { path: '/api/v1/events' });
  expect(said).toMatchObject({ status: 429, json: { code: 'HOMER_RATE_LIMITED' } });
  readers[0]?.close();
  await fixture.events.gone(1);
  const third = new Reader(fixture.port, '/api/v1/events');
  await third.begun();
});

const journal: RunStream = {
  async open(id, after, onEntries, onEnd, signal) {
    if (id !== runId) throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${id}.`);
    for (let n = after + 1; n <= 500 && !signal.aborted; n++)
      await onEntries([{ n, type: 'text', text: 'line\n\n' } as { n: number; type: string }]);
    onEnd({ verdict: 'done' });
  },
};

test("a run's journal is sent from where the reader was, then its end", async () => {
  fixture = await startFixture({}, { runs: journal });
  const reader = new Reader(fixture.port, `/api/v1/runs/${runId}/stream?since=490`);
  await reader.ended;
  const events = await reader.events(11);
  expect(events.map((each) => each.id)).toEqual([
    ...Array.from({ length: 10 }, (_, n) => String(491 + n)),
    null,
  ]);
  expect(events[0]).toMatchObject({ event: 'text', data: { n: 491, text: 'line\n\n' } });
  expect(events[10]).toMatchObject({ event: 'end', data: { verdict: 'done' } });
  const again = new Reader(fixture.port, `/api/v1/runs/${runId}/stream?since=1`, '499');
  await again.ended;
  expect((await again.events(2)).map((each) => each.id)).toEqual(['500', null]);
});

test('an unknown run is answered as an error, not as a stream', async () => {
  fixture = await startFixture({}, { runs: journal });
  const said = await ask(fixture.port, { path: '/api/v1/runs/r00000000000000000000/stream' });
  expect(said).toMatchObject({ status: 400 });
  const known = await ask(fixture.port, { path: '/api/v1/runs/r0000000000000000000/stream' });
  expect(known).toMatchObject({ status: 404, json: { code: 'HOMER_RUN_UNKNOWN' } });
});

test('a reader that leaves ends the reading of its journal', async () => {
  const left = Promise.withResolvers<void>();
  const endless: RunStream = {
    async open(_id, _after, onEntries, _onEnd, signal) {
      signal.addEventListener('abort', () => left.resolve());
      await onEntries([{ n: 1, type: 'text' }]);
    },
  };
  fixture = await startFixture({}, { runs: endless });
  const reader = new Reader(fixture.port, `/api/v1/runs/${runId}/stream`);
  await reader.events(1);
  reader.close();
  await left.promise;
});

test('a journal that nobody reads is cut off, however it is pushed', async () => {
  const left = Promise.withResolvers<void>();
  const flood: RunStream = {
    async open(_id, _after, onEntries, _onEnd, signal) {
      signal.addEventListener('abort', () => left.resolve());
      const entry = { n: 1, type: 'text', text: 'x'.repeat(3_000_000) } as { n: number; type: string };
      void onEntries([entry, entry, entry, entry]);
    },
  };
  fixture = await startFixture({ heartbeatMs: 50 }, { runs: flood });
  const socket = connect({ host: '127.0.0.1', port: fixture.port });
  socket.pause();
  socket.write(
    `GET /api/v1/runs/${runId}/stream HTTP/1.1\r\nHost: localhost:${fixture.port}\r\n` +
      `Authorization: Bearer ${ownerToken}\r\n\r\n`,
  );
  await left.promise;
  socket.destroy();
  expect(fixture.gateway.openStreams).toBe(0);
});

test('one message larger than the buffer is delivered, and what follows it', async () => {
  fixture = await startFixture();
  fixture.events.append('job.small');
  const reader = new Reader(fixture.port, '/api/v1/events', 'g1.0');
  await reader.events(1);
  fixture.events.append('job.large', 'x'.repeat(12 * 1024 * 1024));
  fixture.events.append('job.after');
  const events = await Promise.race([reader.events(3), reader.ended.then(() => [])]);
  expect(events.map(({ event }) => event)).toEqual(['job.small', 'job.large', 'job.after']);
  reader.close();
});
