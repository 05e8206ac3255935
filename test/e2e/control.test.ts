// What the control plane adds to a real daemon: its configuration, conversations, runs, channels, log and presence.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Calls } from '../../src/client/calls.ts';
import { connect, type Client } from '../../src/client/client.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import type { LoginAnswer, TokensAnswer } from '../../src/cli/answers.ts';
import { openRoom, type Room } from './cli-process.ts';
import { SocketClient, type Told } from './socket-client.ts';

let room: Room;
let client: Client;

const file = (): string => join(room.home, 'config.yaml');
const text = `# My lanes.
lanes:
  default: { concurrency: 2 } # two are enough

# What runs.
executors:
  echo: { kind: command, argv: ["printf", "%s", "{prompt}"] }
  keyed:
    kind: command
    argv: ["agent", "--api-key", "by-flag-4711", "--header=Authorization: Bearer by-header-4711", "value-of-file-4711", "{prompt}"]
    setEnv: { OTHER: { file: "~/secret" } }
`;

beforeAll(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
  writeFileSync(join(room.work, 'secret'), 'value-of-file-4711\n', { mode: 0o600 });
  writeFileSync(file(), text.replace('~/secret', join(room.work, 'secret')), { mode: 0o600 });
  const started = await room.run(['start']);
  expect(started.code, started.stderr).toBe(0);
  const { port = 0 } = (await readRecord(room.home)) ?? {};
  const token = readFileSync(join(room.home, 'token'), 'utf8').trim();
  client = connect({ url: `ws://127.0.0.1:${port}/ws`, token, name: 'control test' });
});

afterAll(async () => {
  client.close();
  await room.close();
});

const concurrency = async (): Promise<number | undefined> =>
  (await client.call('lanes.list')).lanes.find(({ lane }) => lane === 'default')?.concurrency;

test('a change of the configuration is in force when it is answered, and comments stay', async () => {
  const before = await client.call('config.get');
  expect(before.text).toContain('# My lanes.');
  const changes = [
    { path: ['lanes', 'default', 'concurrency'], value: 3 },
    { path: ['lanes', 'work'], value: { concurrency: 1 } },
  ];
  const changed = await client.call('config.set', { digest: before.digest, changes });
  expect(await concurrency()).toBe(3);
  const now = readFileSync(file(), 'utf8');
  expect(now).toContain('# My lanes.');
  expect(now).toContain('default: { concurrency: 3 } # two are enough');
  expect(now).toContain('# What runs.');
  expect(now).toContain('work:');
  expect((await client.call('config.get')).digest).toBe(changed.digest);
});

test('who may only look sees no secret in the configuration: neither by its name nor one that is known', async () => {
  const port = (await readRecord(room.home))?.port ?? 0;
  const reader = (await room.run(['token', 'add', 'reader', '--scope', 'read'])).stdout.trim();
  const socket = await SocketClient.enter(port, reader);
  const said = await socket.ask('config.get');
  socket.socket.close();
  await socket.closed;
  expect(said.result['text']).toBeNull();
  expect(JSON.stringify(said)).not.toContain('4711');
  expect(said.result).toMatchObject({
    config: {
      executors: {
        keyed: {
          bin: 'agent',
          args: ['--api-key', '[hidden]', '--header=Authorization: [hidden]', '[redacted]', '{prompt}'],
        },
      },
    },
  });
});

test('a change that was made from another text is refused, and nothing is written', async () => {
  const { digest } = await client.call('config.get');
  const changes = [{ path: ['keepAwake'], value: false }];
  await client.call('config.set', { digest, changes });
  await expect(client.call('config.set', { digest, changes })).rejects.toMatchObject({
    code: 'HOMER_CONFIG_CHANGED',
    problem: { status: 409 },
  });
});

test('abuse 48: an unknown key is refused, and so is a program, an address or an allow-list without a word', async () => {
  const { digest } = await client.call('config.get');
  const set = (
    path: string[],
    value: Calls['config.set']['input']['changes'][0]['value'],
    confirm?: true,
  ): Promise<unknown> =>
    client.call('config.set', {
      digest,
      changes: [{ path, value }],
      ...(confirm === undefined ? {} : { confirm }),
    });
  await expect(set(['lanes', 'default', 'speed'], 1)).rejects.toMatchObject({ problem: { status: 400 } });
  await expect(set(['lanes', 'default', 'concurrency'], 'many')).rejects.toMatchObject({
    code: 'HOMER_CONFIG_INVALID',
  });
  const guarded: [string[], string | number | string[]][] = [
    [
      ['executors', 'echo', 'argv'],
      ['sh', '-c', 'true'],
    ],
    [['bind'], '0.0.0.0'],
    [['port'], 80],
    [['hosts'], ['evil.example']],
    [['telegram', 'allow'], []],
    [['no-such-key'], 1],
  ];
  for (const [path, value] of guarded)
    await expect(set(path, value), path.join('.')).rejects.toMatchObject({
      code: 'HOMER_CONFIG_GUARDED',
      problem: { status: 403 },
    });
  await expect(set(['no-such-key'], 1, true)).rejects.toMatchObject({ problem: { status: 400 } });
  expect((await client.call('config.get')).digest).toBe(digest);
  await set(['executors', 'echo', 'argv'], ['printf', 'said %s', '{prompt}'], true);
  expect(readFileSync(file(), 'utf8')).toContain('said %s');
});

test('what would be wrong is told without writing anything', async () => {
  const bad = await client.call('config.validate', { text: 'lanes:\n  default: { speed: 1 }\nno: 1\n' });
  expect(bad).toMatchObject({
    valid: false,
    problems: [
      { path: 'lanes.default.speed', line: 2 },
      { path: 'no', line: 3 },
    ],
  });
  const removed = await client.call('config.validate', { changes: [{ path: ['executors'] }] });
  expect(removed).toMatchObject({ valid: true, problems: [] });
  const { schema } = await client.call('config.schema');
  expect(schema).toMatchObject({ type: 'object', title: 'Homer config.yaml' });
});

test('a session is spoken with, and looked back on', async () => {
  const { session } = await client.call('sessions.create', { name: 'talk', executor: 'echo' });
  const ends = new Set<string>();
  const ended = Promise.withResolvers<void>();
  client.subscribe(`events:session=${session.id}`, {
    onMessage: ({ events }) => {
      for (const { type, jobId } of events) if (type === 'job.succeeded' && jobId !== null) ends.add(jobId);
      if (ends.size === 2) ended.resolve();
    },
  });
  const first = await client.call('sessions.send', { id: 'talk', prompt: 'one', key: 'talk-1' });
  const again = await client.call('sessions.send', { id: 'talk', prompt: 'one', key: 'talk-1' });
  expect(again.job.id).toBe(first.job.id);
  await client.call('sessions.send', { id: session.id, prompt: 'two' });
  await ended.promise;
  const { turns } = await client.call('sessions.history', { id: 'talk' });
  expect(turns.map(({ prompt, answer, state }) => [prompt, answer, state])).toEqual([
    ['two', 'said two', 'succeeded'],
    ['one', 'said one', 'succeeded'],
  ]);
  const runId = (await client.call('jobs.get', { id: first.job.id })).job.runs[0]?.id ?? '';
  expect((await client.call('runs.get', { id: runId })).run).toMatchObject({
    jobId: first.job.id,
    verdict: 'done',
  });
});

test('channels, the log and presence are there to be looked at', async () => {
  expect((await client.call('channels.list')).channels).toMatchObject([
    { name: 'telegram', state: 'off' },
    { name: 'web' },
  ]);
  const { path, lines } = await client.call('logs.tail', { level: 'info', limit: 50 });
  expect(path).toBe(join(room.home, 'logs/daemon.log'));
  expect(lines.some(({ message, at }) => message === 'ready' && at !== null)).toBe(true);
  const shown = await room.run(['presence']);
  expect(shown.stdout).toContain('control test');
  const { present } = JSON.parse(
    (await room.run(['presence', '--json'])).stdout,
  ) as Calls['presence.list']['output'];
  expect(present).toMatchObject([{ client: 'control test', tokenId: 'owner', kind: 'websocket' }]);
});

const answerOf = async <Answer>(...args: string[]): Promise<Answer> =>
  JSON.parse((await room.run([...args, '--json'])).stdout) as Answer;

test('abuse 5: a token and a login that are revoked lose their open sockets within a second', async () => {
  const port = (await readRecord(room.home))?.port ?? 0;
  const made = (await room.run(['token', 'add', 'board', '--scope', 'operate'])).stdout.trim();
  const byToken = await SocketClient.enter(port, made);
  // Whoever may operate may set how wide a lane is, and nothing that is guarded.
  const { digest } = await client.call('config.get');
  const set = (path: string[], value: unknown): Promise<Told> =>
    byToken.ask('config.set', { digest, confirm: true, changes: [{ path, value }] });
  expect((await byToken.ask('config.get')).result['text']).toBeNull();
  expect((await set(['hosts'], ['evil.example'])).error.data).toMatchObject({ code: 'HOMER_SCOPE_MISSING' });
  expect((await set(['lanes', 'work', 'concurrency'], 4)).result).toMatchObject({ warnings: [] });

  const { url } = await answerOf<LoginAnswer>('open');
  const login = await fetch(url, { redirect: 'manual' });
  const cookie = login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  const origin = `http://127.0.0.1:${port}`;
  const byCookie = await SocketClient.open(port, { headers: { cookie, origin } });
  expect((await byCookie.ask('hello', { client: 'page' })).result).toMatchObject({
    scopes: expect.arrayContaining(['read']) as unknown,
  });
  await expect(SocketClient.open(port, { headers: { cookie } })).rejects.toMatchObject({ status: 403 });
  const foreign = SocketClient.open(port, { headers: { cookie, origin: 'https://evil.example' } });
  await expect(foreign).rejects.toMatchObject({ status: 403 });

  const { tokens } = await answerOf<TokensAnswer>('token', 'list');
  const logins = tokens.filter(({ kind, state }) => kind === 'browser' && state === 'good');
  for (const [socket, id] of [
    [byToken, 'board'],
    [byCookie, logins.at(-1)?.id ?? ''],
  ] as const) {
    const closed = socket.closed.then(({ code }) => [code, performance.now()] as const);
    await client.call('tokens.revoke', { id });
    const revokedAt = performance.now();
    const [code, at] = await closed;
    expect(code).toBe(4401);
    expect(at - revokedAt).toBeLessThan(1_000);
  }
});
