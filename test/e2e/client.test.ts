// homer/client against a real gateway that comes and goes.

import { createServer, connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, type Client, type ClientOptions } from '../../src/client/client.ts';
import type { EventsMessage, PresenceMessage, Reset } from '../../src/client/topics.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { MemoryEvents, ownerToken, readToken, startFixture, toyOperations } from './gateway-fixture.ts';
import type { Fixture } from './gateway-fixture.ts';

let fixture: Fixture;
let client: Client;
const cleanups: (() => void)[] = [];

afterEach(async () => {
  client.close();
  for (const cleanup of cleanups.splice(0)) cleanup();
  await fixture.gateway.close();
});

/** Something that can be waited for, one after the other. */
class Inbox<Item> {
  readonly items: Item[] = [];
  #wake = Promise.withResolvers<void>();

  add(item: Item): void {
    this.items.push(item);
    this.#wake.resolve();
  }

  async until(fits: (items: readonly Item[]) => boolean): Promise<readonly Item[]> {
    while (!fits(this.items)) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
    return this.items;
  }
}

const join = (port: number, options: Partial<ClientOptions> = {}): Client =>
  (client = connect({
    url: `ws://127.0.0.1:${port}/ws`,
    token: ownerToken,
    name: 'test',
    longestPauseMs: 100,
    ...options,
  }));

test('calls have the types of the registry, and fail as Homer says', async () => {
  fixture = await startFixture();
  join(fixture.port);
  const created = await client.call('jobs.create', { prompt: 'hello' });
  expect(created.job.id).toBe('j0123456789abcdefghj');
  expect(client.hello).toMatchObject({ tokenId: 'owner', scopes: ['read', 'chat', 'operate', 'admin'] });
  await expect(client.call('jobs.get', { id: 'j0123456789abcdefghj' })).rejects.toMatchObject({
    name: 'CallError',
    code: 'HOMER_JOB_UNKNOWN',
    problem: { status: 404 },
  });
  await expect(client.call('jobs.create', { prompt: '' })).rejects.toMatchObject({
    code: 'HOMER_INPUT_INVALID',
    problem: { fields: [{ field: 'prompt' }] },
  });
});

test('over one restart after the other it comes back by itself, misses no event and hears none twice', async () => {
  const events = new MemoryEvents();
  fixture = await startFixture({}, { events });
  const { port } = fixture;
  join(port);
  const seen: string[] = [];
  const got = new Inbox<string>();
  client.subscribe('events', {
    onMessage: (message) => {
      for (const event of message.events) {
        seen.push(event.cursor);
        got.add(event.cursor);
      }
    },
  });
  await client.call('jobs.list');
  for (let round = 0; round < 5; round++) {
    for (let count = 0; count < 100; count++) events.append('job.queued');
    await got.until((items) => items.length > round * 200 + 50);
    await fixture.gateway.close();
    for (let count = 0; count < 100; count++) events.append('job.queued');
    fixture = await startFixture({}, { events, port });
  }
  await got.until((items) => items.length >= 1_000);
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => `g1.${index + 1}`));
});

test('an event log that is another one now is told as a reset', async () => {
  const first = new MemoryEvents('g1');
  fixture = await startFixture({}, { events: first });
  const { port } = fixture;
  join(port);
  const resets = new Inbox<Reset>();
  const got = new Inbox<EventsMessage>();
  client.subscribe(
    'events',
    { onMessage: (message) => got.add(message), onReset: (reset) => resets.add(reset) },
    'g1.0',
  );
  first.append('job.queued');
  await got.until((items) => items.length > 0);
  await fixture.gateway.close();
  const other = new MemoryEvents('g2');
  other.append('job.queued');
  fixture = await startFixture({}, { port, events: other });
  expect(await resets.until((items) => items.length > 0)).toEqual([{ reason: 'generation', cursor: 'g2.1' }]);
});

/** Lets the first call hang, and counts them. */
function hanging(counts: Record<string, number>): readonly Operation[] {
  return toyOperations([]).map((operation) => ({
    ...operation,
    input: z.looseObject({}),
    handle: async (input, _caller, gone) => {
      counts[operation.name] = (counts[operation.name] ?? 0) + 1;
      if (counts[operation.name] === 1)
        await new Promise<void>((resolve) => gone.addEventListener('abort', () => resolve()));
      return { output: input };
    },
  }));
}

test('what was under way when the connection broke is asked again only where that is safe', async () => {
  const counts: Record<string, number> = {};
  const operations = hanging(counts);
  fixture = await startFixture({}, { operations });
  const { port } = fixture;
  join(port);
  const list = client.call('jobs.list');
  const cancel = client.call('jobs.cancel', { id: 'j0123456789abcdefghj' });
  cancel.catch(() => undefined);
  while (counts['jobs.cancel'] !== 1 || counts['jobs.list'] !== 1)
    await new Promise((resolve) => setImmediate(resolve));
  await fixture.gateway.close();
  await expect(cancel).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  fixture = await startFixture({}, { operations, port });
  await expect(list).resolves.toEqual({});
  expect(counts).toEqual({ 'jobs.list': 2, 'jobs.cancel': 1 });
});

test('a call that takes too long, or is not waited for any more, ends', async () => {
  fixture = await startFixture({}, { operations: hanging({}) });
  join(fixture.port);
  await expect(client.call('jobs.list', {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  const leaving = new AbortController();
  const call = client.call('jobs.cancel', { id: 'j0123456789abcdefghj' }, { signal: leaving.signal });
  leaving.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});

test('a token that is not known ends the client for good', async () => {
  fixture = await startFixture();
  const states = new Inbox<string>();
  join(fixture.port, { token: 'x'.repeat(40), onState: (state) => states.add(state) });
  await expect(client.call('jobs.list')).rejects.toMatchObject({ code: 'HOMER_TOKEN_WRONG' });
  expect(states.items).toEqual(['connecting', 'closed']);
  await expect(client.call('jobs.list')).rejects.toMatchObject({ code: 'CLOSED' });
});

test('presence is told whole, and again after a reconnect', async () => {
  fixture = await startFixture();
  const { port } = fixture;
  join(port, { token: readToken });
  const got = new Inbox<PresenceMessage>();
  client.subscribe('presence', { onMessage: (message) => got.add(message) });
  await got.until((items) => items.length === 1);
  const other = connect({ url: `ws://127.0.0.1:${port}/ws`, token: ownerToken });
  await got.until((items) => items.length === 2);
  other.close();
  await got.until((items) => items.length === 3);
  expect(got.items.map(({ type }) => type)).toEqual(['here', 'joined', 'left']);
  await fixture.gateway.close();
  fixture = await startFixture({}, { port });
  await got.until((items) => items.length === 4);
  expect(got.items.at(-1)).toMatchObject({ type: 'here', present: [{ tokenId: 'reader', client: 'test' }] });
});

test('a connection over which nothing comes any more is given up for a new one', async () => {
  fixture = await startFixture({ tickMs: 50 });
  const { port } = fixture;
  // A line that swallows everything once it is told to, as a router does that has forgotten a connection.
  let isDead = false;
  const ends = new Set<Socket>();
  const line = createServer((near) => {
    const far = connectTcp(port, '127.0.0.1');
    const wasOpenedLate = isDead;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('error', () => to.destroy());
      from.on('data', (chunk: Buffer) => {
        if (!isDead || wasOpenedLate) to.write(chunk);
      });
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    line.close();
    for (const end of ends) end.destroy();
  });
  const linePort = (line.address() as AddressInfo).port;
  await fixture.gateway.close();
  fixture = await startFixture({ tickMs: 50 }, { port, hosts: [`127.0.0.1:${linePort}`] });
  const states = new Inbox<string>();
  join(linePort, { onState: (state) => states.add(state) });
  await client.call('jobs.list');
  isDead = true;
  await states.until((items) => items.filter((state) => state === 'open').length === 2);
  expect((await client.call('jobs.list')).jobs).toEqual([]);
});
