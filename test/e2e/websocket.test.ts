import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { HomerError } from '../../src/core/errors.ts';
import type { RunStream } from '../../src/gateway/run-stream.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { ask, MemoryEvents, ownerToken, readToken, runId, startFixture } from './gateway-fixture.ts';
import type { Fixture } from './gateway-fixture.ts';
import { SocketClient } from './socket-client.ts';

let fixture: Fixture;
afterEach(() => fixture.gateway.close());

const start = async (...options: Parameters<typeof startFixture>): Promise<number> => {
  fixture = await startFixture(...options);
  return fixture.port;
};

test('an operation is asked for by its name, and answered as over HTTP', async () => {
  const client = await SocketClient.enter(await start());
  const { result } = await client.ask('jobs.create', { prompt: 'hello', key: 'k1' });
  expect(result).toEqual({ job: { id: 'j0123456789abcdefghj' } });
  expect(fixture.seen).toEqual([{ prompt: 'hello', key: 'k1' }]);
  expect((await client.ask('jobs.list')).result).toEqual({ jobs: [] });
});

test('what is refused comes with the problem details of HTTP, and a code of JSON-RPC', async () => {
  const client = await SocketClient.enter(await start());
  const unknown = await client.ask('jobs.fly');
  expect(unknown.error).toMatchObject({ code: -32_601, data: { code: 'HOMER_ROUTE_UNKNOWN', status: 404 } });
  const wrong = await client.ask('jobs.create', { prompt: '', state: 'done' });
  expect(wrong.error).toMatchObject({ code: -32_602, data: { code: 'HOMER_INPUT_INVALID' } });
  expect(wrong.error.data['fields']).toMatchObject([{ field: 'prompt' }, { field: 'state' }]);
  const id = 'j0123456789abcdefghj';
  expect((await client.ask('jobs.get', { id })).error).toMatchObject({
    code: -32_000,
    data: { code: 'HOMER_JOB_UNKNOWN', status: 404 },
  });
  const fault = await client.ask('lanes.list');
  expect(fault.error).toMatchObject({ code: -32_603, data: { code: 'HOMER_INTERNAL' } });
  expect(JSON.stringify(fault)).not.toContain('SQLITE');
  expect(fixture.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('batches, notifications and the like are answered as no requests', async () => {
  const client = await SocketClient.enter(await start());
  const odd = [
    [{ jsonrpc: '2.0', id: 1, method: 'jobs.list' }],
    { jsonrpc: '2.0', method: 'jobs.list' },
    { id: 3, method: 'jobs.list' },
    { jsonrpc: '2.0', id: 4, method: 7 },
    { jsonrpc: '2.0', id: 5, method: 'jobs.list', params: [] },
    { jsonrpc: '2.0', id: 6, method: 'jobs.list', extra: 1 },
    null,
  ];
  for (const each of odd) client.send(each);
  await client.until(() => client.told.length >= odd.length);
  expect(client.told.map(({ id, error }) => [id, error.code])).toEqual(
    [null, null, 3, 4, 5, 6, null].map((id) => [id, -32_600]),
  );
  expect((await client.ask('jobs.list')).result).toEqual({ jobs: [] });
});

test('abuse 7: what a client claims in hello has no effect, and it is told what its token may do', async () => {
  const client = await SocketClient.open(await start());
  const hello = await client.ask('hello', {
    token: readToken,
    scopes: ['admin'],
    client: 'claimer 1.0',
    role: 'owner',
  });
  expect(hello.result).toMatchObject({ protocol: 1, scopes: ['read'], tokenId: 'reader', cursor: 'g1.0' });
  const refused = await client.ask('jobs.create', { prompt: 'x' });
  expect(refused.error).toMatchObject({ code: -32_000, data: { code: 'HOMER_SCOPE_MISSING', status: 403 } });
});

test('abuse 5: what was opened with a token that counts no more is closed with 4401 within a second', async () => {
  const port = await start();
  const [old, other] = [await SocketClient.enter(port), await SocketClient.enter(port, readToken)];
  await old.ask('subscribe', { topic: 'events' });
  const began = performance.now();
  fixture.gateway.replaceOwner('another-token-another-token-another-token-a');
  expect((await old.closed).code).toBe(4401);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect((await other.ask('jobs.list')).result).toEqual({ jobs: [] });
});

test('abuse 5: the socket of a wrong token is closed with 4401, and guessing is limited', async () => {
  const port = await start();
  const codes: number[] = [];
  for (let count = 0; count < 22; count++) {
    const client = await SocketClient.open(port);
    client.send({ jsonrpc: '2.0', id: 1, method: 'hello', params: { token: 'x'.repeat(40) } });
    codes.push((await client.closed).code);
  }
  expect(codes.slice(0, 20).every((code) => code === 4401)).toBe(true);
  expect(codes.at(-1)).toBe(4429);
  await expect(SocketClient.enter(port, 'y'.repeat(40))).rejects.toMatchObject({ status: 429 });
  const right = await SocketClient.open(port);
  expect((await right.ask('hello', { token: ownerToken })).result).toMatchObject({ tokenId: 'owner' });
});

test('abuse 12: an upgrade from another page, or with a cookie and without an origin, is refused', async () => {
  const port = await start();
  const authorization = `Bearer ${ownerToken}`;
  const refused: [Record<string, string>, number][] = [
    [{ authorization, origin: 'https://evil.example' }, 403],
    [{ authorization, origin: 'null' }, 403],
    [{ authorization, origin: `http://127.0.0.1:${port + 1}` }, 403],
    [{ authorization, cookie: 'homer=1' }, 403],
    [{ authorization, 'sec-fetch-site': 'cross-site' }, 403],
    [{ authorization, host: `evil.example:${port}` }, 421],
    [{ authorization: 'Bearer nothing-of-the-kind' }, 401],
  ];
  for (const [headers, status] of refused) {
    const answer: unknown = await SocketClient.open(port, { headers }).catch((error: unknown) => error);
    expect(answer, JSON.stringify(headers)).toMatchObject({ status });
    expect((answer as { body: string }).body).toContain('"code":"HOMER_');
  }
  const ours = await SocketClient.open(port, {
    headers: { authorization, origin: `http://127.0.0.1:${port}` },
  });
  expect((await ours.ask('jobs.list')).result).toEqual({ jobs: [] });
  await expect(
    SocketClient.open(port, { path: `/ws?token=${ownerToken}` }).then((open) => open.ask('jobs.list')),
  ).rejects.toThrow();
  await expect(SocketClient.open(port, { path: '/socket' })).rejects.toMatchObject({ status: 401 });
});

test('abuse 15: who says nothing for too long is closed with 4408, and only so many may be silent', async () => {
  const port = await start({ authenticateMs: 150, mostUnauthenticated: 5 });
  const known = await SocketClient.enter(port);
  const silent = await Promise.all(Array.from({ length: 5 }, () => SocketClient.open(port)));
  await expect(SocketClient.open(port)).rejects.toMatchObject({ status: 429 });
  expect((await known.ask('jobs.list')).result).toEqual({ jobs: [] });
  const another = await SocketClient.enter(port);
  expect((await another.ask('jobs.list')).result).toEqual({ jobs: [] });
  expect((await Promise.all(silent.map((each) => each.closed))).map(({ code }) => code)).toEqual(
    Array(5).fill(4408),
  );
  const late = await SocketClient.open(port);
  late.send({ jsonrpc: '2.0', id: 1, method: 'jobs.list' });
  expect((await late.closed).code).toBe(4401);
  const large = await SocketClient.open(port);
  large.send({
    jsonrpc: '2.0',
    id: 1,
    method: 'hello',
    params: { token: ownerToken, padding: 'x'.repeat(5_000) },
  });
  expect((await large.closed).code).toBe(1009);
});

test('one token has only so many connections: 429 or 4429, and the others have theirs', async () => {
  const port = await start({ mostSocketsEach: 2 });
  const own = [await SocketClient.enter(port), await SocketClient.enter(port)];
  await expect(SocketClient.enter(port)).rejects.toMatchObject({ status: 429 });
  const late = await SocketClient.open(port);
  const said = await late.ask('hello', { token: ownerToken });
  expect(said.error.data).toMatchObject({ code: 'HOMER_RATE_LIMITED', retryAfter: 5 });
  expect((await late.closed).code).toBe(4429);
  const other = await SocketClient.enter(port, readToken);
  expect((await other.ask('jobs.list')).result).toEqual({ jobs: [] });
  own[0]?.socket.close();
  await own[0]?.closed;
  expect((await (await SocketClient.enter(port)).ask('jobs.list')).result).toEqual({ jobs: [] });
});

test('abuse 16: what is too large, no text or no JSON ends the connection under a code of its own', async () => {
  const port = await start({ bodyBytes: 10_000 });
  const sent: [string | Buffer, number][] = [
    ['x'.repeat(20_000), 1009],
    ['{"jsonrpc":"2.0",', 4400],
    ['['.repeat(9_000), 4400],
    ['{"jsonrpc":"2.0","id":1,"method":"jobs.list","params":{"__proto__":{}}}', 4400],
    [Buffer.from([1, 2, 3]), 1003],
  ];
  for (const [message, code] of sent) {
    const client = await SocketClient.enter(port);
    client.socket.send(message);
    expect((await client.closed).code, String(message).slice(0, 40)).toBe(code);
  }
  const noText = await SocketClient.enter(port);
  noText.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
  expect((await noText.closed).code).toBe(1007);
});

test('abuse 16: ten thousand messages at once end with 4429, and nobody else notices', async () => {
  const port = await start({ messages: { burst: 500, perSecond: 100 } });
  const other = await SocketClient.enter(port);
  const flood = await SocketClient.enter(port);
  for (let id = 0; id < 10_000; id++) flood.send({ jsonrpc: '2.0', id, method: 'ping' });
  expect((await flood.closed).code).toBe(4429);
  expect(flood.told.length).toBeLessThanOrEqual(510);
  const pings = await SocketClient.enter(port);
  for (let count = 0; count < 2_000; count++) pings.socket.ping();
  // Or cut off by the library, for the answers to its pings that it does not take.
  expect([4429, 1006]).toContain((await pings.closed).code);
  expect((await other.ask('jobs.list')).result).toEqual({ jobs: [] });
});

test('abuse 16: a reader that does not read is bounded, then closed, and memory stays flat', async () => {
  const port = await start({ heartbeatMs: 100 });
  const client = await SocketClient.enter(port);
  await client.ask('subscribe', { topic: 'events' });
  client.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 1_000; count++) fixture.events.append('job.queued', 'x'.repeat(50_000));
  await fixture.events.gone();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  expect(fixture.gateway.presence()).toEqual([]);
  client.socket.resume();
  await client.closed;
});

test('calls that nobody reads the answers of are not read either', async () => {
  const port = await start({ heartbeatMs: 100, bodyBytes: 100_000 }, { operations: echoing() });
  const client = await SocketClient.enter(port);
  client.socket.pause();
  for (let id = 0; id < 400; id++)
    client.send({ jsonrpc: '2.0', id, method: 'jobs.create', params: { prompt: 'x'.repeat(90_000) } });
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (fixture.gateway.presence().length > 0) return;
      clearInterval(look);
      resolve();
    }, 20);
  });
  client.socket.terminate();
});

function echoing(): readonly Operation[] {
  return [
    {
      name: 'jobs.create',
      input: z.strictObject({ prompt: z.string() }),
      output: z.unknown(),
      handle: async (input) => ({ output: input }),
    },
  ];
}

test('events are told once in order, whatever the topic, from where the client was', async () => {
  const port = await start();
  fixture.events.append('job.queued', 1);
  const client = await SocketClient.enter(port);
  expect((await client.ask('subscribe', { topic: 'events', since: 'g1.0' })).result).toEqual({
    topic: 'events',
    cursor: 'g1.0',
    reset: null,
  });
  await client.ask('subscribe', { topic: 'events:type=job.f*', since: 'g1.0' });
  await client.ask('subscribe', { topic: 'events:type=job.failed' });
  await client.ask('subscribe', { topic: 'events:job=j0123456789abcdefghj' });
  fixture.events.append('job.failed', 2);
  fixture.events.append('job.queued', 3);
  const all = await client.events('events', 3);
  expect(all.map(({ cursor, type, data }) => [cursor, type, data])).toEqual([
    ['g1.1', 'job.queued', 1],
    ['g1.2', 'job.failed', 2],
    ['g1.3', 'job.queued', 3],
  ]);
  expect((await client.events('events:job=j0123456789abcdefghj', 2)).map(({ data }) => data)).toEqual([2, 3]);
  expect((await client.events('events:type=job.failed', 1)).map(({ data }) => data)).toEqual([2]);
  expect((await client.ask('unsubscribe', { topic: 'events' })).result).toEqual({ ended: true });
  expect((await client.ask('subscribe', { topic: 'weather' })).error).toMatchObject({ code: -32_602 });
});

test('cut off again and again, a client misses nothing and sees nothing twice', async () => {
  const port = await start();
  const seen: string[] = [];
  let since = 'g1.0';
  for (let round = 0; round < 20; round++) {
    const client = await SocketClient.enter(port);
    for (let count = 0; count < 20; count++) fixture.events.append('job.queued');
    await client.ask('subscribe', { topic: 'events', since });
    for (let count = 0; count < 30; count++) fixture.events.append('job.queued');
    const wanted = 1 + ((round * 7) % 40);
    const events = (await client.events('events', wanted)).slice(0, wanted);
    client.socket.terminate();
    seen.push(...events.map(({ cursor }) => cursor));
    since = seen.at(-1) ?? since;
  }
  const last = await SocketClient.enter(port);
  await last.ask('subscribe', { topic: 'events', since });
  seen.push(...(await last.events('events', 1_000 - seen.length)).map(({ cursor }) => cursor));
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => `g1.${index + 1}`));
});

test('a reader that lags behind while others go on gets all of it, once', async () => {
  const port = await start({ fullBytes: 4_096 });
  const [slow, fast] = [await SocketClient.enter(port), await SocketClient.enter(port)];
  for (const client of [slow, fast]) await client.ask('subscribe', { topic: 'events', since: 'g1.0' });
  slow.socket.pause();
  const wanted = Array.from({ length: 2_000 }, (_, index) => `g1.${index + 1}`);
  for (let count = 0; count < 2_000; count++) {
    fixture.events.append('job.queued', 'x'.repeat(5_000));
    if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await fast.events('events', 2_000)).map(({ cursor }) => cursor)).toEqual(wanted);
  slow.socket.resume();
  fixture.events.append('job.queued');
  expect((await slow.events('events', 2_001)).map(({ cursor }) => cursor)).toEqual([...wanted, 'g1.2001']);
});

test('a cursor that cannot be served is answered with the reason, and the place where it goes on', async () => {
  const events = new MemoryEvents('g2');
  for (let count = 0; count < 10; count++) events.append('job.queued');
  events.prune(5);
  const port = await start({}, { events });
  const cases = { 'g1.3': 'generation', 'g2.3': 'pruned', 'g2.99': 'future', nonsense: 'malformed' };
  for (const [since, reset] of Object.entries(cases)) {
    const client = await SocketClient.enter(port);
    const { result } = await client.ask('subscribe', { topic: 'events', since });
    expect(result).toEqual({ topic: 'events', cursor: `g2.${events.lastSeq()}`, reset });
    events.append('job.started');
    expect((await client.events('events', 1))[0]?.cursor).toBe(`g2.${events.lastSeq()}`);
    client.socket.terminate();
  }
});

test('ticks come by themselves, and move the cursor of a topic for which nothing came', async () => {
  const port = await start({ tickMs: 50 });
  const client = await SocketClient.enter(port);
  await client.ask('subscribe', { topic: 'events:lane=work' });
  fixture.events.append('job.queued');
  const moved = await client.until(({ method }) => method === 'events');
  expect(moved.params).toEqual({ topic: 'events:lane=work', cursor: 'g1.1', events: [] });
  const tick = await client.until(({ method, params }) => method === 'tick' && params['cursor'] === 'g1.1');
  expect(tick.params).toMatchObject({ daemon: 'healthy' });
});

test('presence: who is there, as what, and the word when somebody comes or goes', async () => {
  const port = await start();
  const watcher = await SocketClient.open(port);
  await watcher.ask('hello', { token: ownerToken, client: 'watcher 1.0\n' });
  const { result } = await watcher.ask('subscribe', { topic: 'presence' });
  expect(result['present']).toMatchObject([{ client: 'watcher 1.0?', tokenId: 'owner', kind: 'websocket' }]);
  const guest = await SocketClient.enter(port, readToken);
  await guest.ask('subscribe', { topic: 'events' });
  const joined = await watcher.until(
    ({ method, params }) => method === 'presence' && params['type'] === 'joined',
  );
  expect(joined.params['present']).toMatchObject({
    tokenId: 'reader',
    scopes: ['read'],
    address: 'loopback',
  });
  expect(fixture.gateway.presence()).toMatchObject([{}, { tokenId: 'reader', topics: ['events'] }]);
  guest.socket.terminate();
  const left = await watcher.until(
    ({ method, params }) => method === 'presence' && params['type'] === 'left',
  );
  expect(left.params['present']).toMatchObject({ tokenId: 'reader' });
  expect(fixture.gateway.presence()).toHaveLength(1);
});

const journal: RunStream = {
  async open(id, after, onEntries, onEnd, signal) {
    if (id !== runId) throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${id}.`);
    for (let n = after + 1; n <= 500 && !signal.aborted; n++)
      void onEntries([{ n, type: 'text', text: 'line' } as { n: number; type: string }]);
    onEnd({ verdict: 'done' });
  },
};

test('the journal of a run is told from where the client was, then its end', async () => {
  const client = await SocketClient.enter(await start({}, { runs: journal }));
  const topic = `run:${runId}`;
  expect((await client.ask('subscribe', { topic, since: '490' })).result).toMatchObject({
    topic,
    cursor: '490',
  });
  const end = await client.until(({ params }) => params?.['end'] !== undefined);
  expect(end.params).toEqual({ topic, cursor: '500', entries: [], end: { verdict: 'done' } });
  const entries = client.told
    .filter(({ method }) => method === 'run')
    .flatMap(({ params }) => params['entries']);
  expect(entries.map((entry) => (entry as { n: number }).n)).toEqual(
    Array.from({ length: 10 }, (_, n) => 491 + n),
  );
  const unknown = await client.ask('subscribe', { topic: 'run:r0000000000000000000' });
  expect(unknown.error.data).toMatchObject({ code: 'HOMER_RUN_UNKNOWN' });
});

test('a gateway that closes tells its clients to come back, within a second', async () => {
  const port = await start();
  const client = await SocketClient.enter(port);
  const deaf = await SocketClient.enter(port);
  deaf.socket.pause();
  const began = performance.now();
  await fixture.gateway.close();
  expect((await client.closed).code).toBe(1001);
  expect(performance.now() - began).toBeLessThan(3_000);
  deaf.socket.terminate();
});

test('an upgrade that is none is answered with a problem, and so is /ws without one', async () => {
  const port = await start();
  const upgrade = { connection: 'upgrade', upgrade: 'websocket' };
  const broken = await ask(port, { path: '/ws', headers: upgrade });
  expect(broken).toMatchObject({ status: 400, json: { code: 'HOMER_INPUT_INVALID' } });
  expect(await ask(port, { path: '/ws' })).toMatchObject({
    status: 404,
    json: { code: 'HOMER_ROUTE_UNKNOWN' },
  });
  // Another protocol than WebSocket is not taken up, and the request answered as it stands.
  expect((await ask(port, { headers: { connection: 'upgrade', upgrade: 'h2c' } })).status).toBe(200);
});

test('a gateway that is not open yet says so', async () => {
  const port = await start({}, { isStarting: true });
  await expect(SocketClient.enter(port)).rejects.toMatchObject({ status: 503 });
});
