// Tokens beside the owner's, over real sockets and a real ledger: who may do what, for how long, and what is written of it.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { idRandomBytes, newTokenId, type TokenId } from '../../src/core/ids.ts';
import { withIncluded, type Scope } from '../../src/core/scope.ts';
import { openTokenBook } from '../../src/daemon/tokens.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { newTokenText } from '../../src/ledger/tokens.ts';
import { Reader } from './event-reader.ts';
import { ask, performerOf, startFixture, toyOperations } from './gateway-fixture.ts';
import type { Ask, Fixture, Said } from './gateway-fixture.ts';
import { openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;
let fixture: Fixture;

async function start(): Promise<void> {
  ledger = await openLedgerIn(home);
  const performer = performerOf({ operations: toyOperations([]), audit: ledger.audit });
  fixture = await startFixture({}, { performer, book: openTokenBook(ledger) });
}

async function stop(): Promise<void> {
  await fixture.gateway.close();
  ledger.close('drained');
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'homer-tokens-'));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(home, { recursive: true, force: true });
});

interface Made {
  readonly id: TokenId;
  readonly text: string;
}

async function make(scopes: Scope[], more: { parent?: string; expiresAt?: number } = {}): Promise<Made> {
  const id = newTokenId(Date.now(), randomBytes(idRandomBytes));
  const text = newTokenText();
  const { parent = 'owner', expiresAt = null } = more;
  const token = { kind: 'token', name: id, scopes: withIncluded(scopes), parent, expiresAt } as const;
  await ledger.commit(() => ledger.tokens.add(id, text, token, Date.now()));
  return { id, text };
}

const as = ({ text }: Made, options: Ask): Promise<Said> =>
  ask(fixture.port, { ...options, headers: { ...options.headers, authorization: `Bearer ${text}` } });
const list: Ask = { path: '/api/v1/jobs' };
const create: Ask = { method: 'POST', path: '/api/v1/jobs', body: '{"prompt":"hello"}' };

test('a token does what its scopes say, also after a restart, and its text is nowhere in the ledger', async () => {
  const [reader, worker, chatter] = [await make(['read']), await make(['operate']), await make(['chat'])];
  const look = async (made: Made): Promise<number[]> => [
    (await as(made, list)).status,
    (await as(made, create)).status,
  ];
  expect(await look(reader)).toEqual([200, 403]);
  expect(await look(worker)).toEqual([200, 202]);
  expect(await look(chatter)).toEqual([403, 403]);
  await stop();
  await start();
  expect(await look(worker)).toEqual([200, 202]);
  expect(ledger.tokens.list().map(({ lastUsedAt }) => lastUsedAt === null)).toEqual([false, false, false]);
});

test('5 a revoked token is refused at the next request, and its stream ends within a second', async () => {
  const [gone, stays] = [await make(['read']), await make(['read'])];
  const streams = [gone, stays].map(
    ({ text }) => new Reader(fixture.port, '/api/v1/events', undefined, text),
  );
  await Promise.all(streams.map((stream) => stream.begun()));
  const began = performance.now();
  await ledger.commit(() => ledger.tokens.revoke(gone.id, Date.now()));
  await streams[0]?.ended;
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(await as(gone, list)).toMatchObject({ status: 401, json: { code: 'HOMER_TOKEN_WRONG' } });
  expect(fixture.gateway.openStreams).toBe(1);
  expect((await as(stays, list)).status).toBe(200);
  streams[1]?.close();
});

test('5 a replaced text is void at once, the new one is good', async () => {
  const token = await make(['read']);
  const stream = new Reader(fixture.port, '/api/v1/events', undefined, token.text);
  await stream.begun();
  const text = newTokenText();
  await ledger.commit(() => ledger.tokens.replace(token.id, text));
  await stream.ended;
  expect((await as(token, list)).status).toBe(401);
  expect((await as({ ...token, text }, list)).status).toBe(200);
});

test('what a token has opened ends when it expires', async () => {
  const token = await make(['read'], { expiresAt: Date.now() + 400 });
  const stream = new Reader(fixture.port, '/api/v1/events', undefined, token.text);
  await stream.ended;
  expect((await as(token, list)).status).toBe(401);
});

test('with a token go those that it made', async () => {
  const parent = await make(['admin']);
  const child = await make(['operate'], { parent: parent.id });
  const grandchild = await make(['read'], { parent: child.id });
  expect(await ledger.commit(() => ledger.tokens.revoke(parent.id, Date.now()))).toBe(3);
  for (const made of [parent, child, grandchild]) expect((await as(made, list)).status).toBe(401);
});

test('every call that changes something is in the audit, also a refused one, and none that only looks', async () => {
  const [reader, worker] = [await make(['read']), await make(['operate'])];
  await as(worker, list);
  await as(worker, create);
  for (let count = 0; count < 3; count++) await as(reader, create);
  await as(worker, { ...create, body: '{"prompt":"","approved":true}' });
  await ledger.audit.flush();
  const rows = ledger.audit.list({ refusedOnly: false, limit: 10 });
  expect(
    rows.map(({ who, what, subject, face, peer, result, times }) => [
      who,
      what,
      subject,
      face,
      peer,
      result,
      times,
    ]),
  ).toEqual([
    [worker.id, 'jobs.create', null, 'http', 'loopback', 'HOMER_INPUT_INVALID', 1],
    [reader.id, 'jobs.create', null, 'http', 'loopback', 'HOMER_SCOPE_MISSING', 3],
    [worker.id, 'jobs.create', 'j0123456789abcdefghj', 'http', 'loopback', 'ok', 1],
  ]);
});

test('what was done is in the audit in the commit that did it, how it ended may be missing', async () => {
  const note = ledger.audit.begin({ who: 'owner', source: 'http:owner', what: 'x', face: 'http', peer: 'p' });
  await ledger.probe();
  const [row] = ledger.audit.list({ refusedOnly: false, limit: 1 });
  expect(row).toMatchObject({ what: 'x', result: null });
  note.end('ok', 'j1');
  await ledger.audit.flush();
  expect(ledger.audit.list({ refusedOnly: false, limit: 5 })).toEqual([
    { ...row, result: 'ok', subject: 'j1' },
  ]);
});
