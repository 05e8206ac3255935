// Tokens, logins and the audit at the command line, against a daemon: what the owner does with them, and what comes of it.

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditAnswer, LoginAnswer, TokensAnswer, TokenTextAnswer } from '../../src/cli/answers.ts';
import { openRoom, type Room } from './cli-process.ts';
import { ask as askAt, type Ask, type Said } from './gateway-fixture.ts';
import { SocketClient } from './socket-client.ts';

const hookSecret = 'hook-secret-that-nobody-may-see-4711';
let room: Room;
let port: number;
beforeAll(async () => {
  room = await openRoom();
  mkdirSync(room.home, { recursive: true, mode: 0o700 });
  const hook = join(room.work, 'hook-secret');
  writeFileSync(hook, `${hookSecret}\n`, { mode: 0o600 });
  const webhooks = { ci: { scheme: 'bearer', secret: { file: hook }, prompt: 'x', executor: 'shell' } };
  writeFileSync(join(room.home, 'config.yaml'), JSON.stringify({ proxies: ['127.0.0.1'], webhooks }), {
    mode: 0o600,
  });
  await homer('start');
  port = (JSON.parse(readFileSync(join(room.home, 'daemon.json'), 'utf8')) as { port: number }).port;
});
afterAll(() => room.close());

async function homer(...args: string[]): Promise<string> {
  const ended = await room.run(args);
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  return ended.stdout.trimEnd();
}
const parsed = async <Answer>(...args: string[]): Promise<Answer> =>
  JSON.parse(await homer(...args, '--json')) as Answer;
const ask = (token: string, options: Ask = {}): Promise<Said> =>
  askAt(port, {
    path: '/api/v1/status',
    ...options,
    headers: { authorization: token === '' ? '' : `Bearer ${token}`, ...options.headers },
  });
const post = (path: string, body: unknown): Ask => ({ method: 'POST', path, body: JSON.stringify(body) });
const ownerToken = (): string => readFileSync(join(room.home, 'token'), 'utf8').trim();

test('a token is made, told once, listed without its text, given another, and revoked', async () => {
  const first = await homer('token', 'add', 'ci', '--scope', 'operate', '--expires', '90d');
  expect(first).toMatch(/^homer_[\w-]{43}$/);
  expect((await ask(first)).status).toBe(200);
  expect(await room.run(['token', 'add', 'ci', '--scope', 'read'])).toMatchObject({ code: 1 });

  const { tokens } = await parsed<TokensAnswer>('token', 'list');
  expect(tokens.map(({ name, scopes }) => [name, scopes])).toEqual([
    ['owner', ['read', 'chat', 'operate', 'admin']],
    ['ci', ['read', 'chat', 'operate']],
  ]);
  expect(JSON.stringify(tokens)).not.toContain(first);
  expect(await homer('token', 'list')).toMatch(/ci +token +read chat operate +owner/);

  const second = await homer('token', 'rotate', 'ci');
  expect((await ask(first)).status).toBe(401);
  expect((await ask(second)).status).toBe(200);
  await homer('token', 'revoke', 'ci');
  expect((await ask(second)).status).toBe(401);
  expect(await room.run(['token', 'revoke', 'ci'])).toMatchObject({ code: 1 });
  expect(await room.run(['token', 'add', 'x', '--scope', 'root'])).toMatchObject({ code: 2 });
  expect(readFileSync(join(room.home, 'homer.db')).includes(first)).toBe(false);
});

test('7, 8 no token gives more than it has, nor its like to somebody beside it', async () => {
  const admin = await homer('token', 'add', 'admin', '--scope', 'admin', '--expires', '1h');
  const worker = await homer('token', 'add', 'worker', '--scope', 'operate');
  const make = post('/api/v1/tokens', { name: 'child', scopes: ['admin'] });
  expect((await ask(worker, make)).status).toBe(403);
  expect((await ask(worker, post('/api/v1/tokens/admin/rotate', {}))).status).toBe(403);
  // The text of the owner, or of a token it has not made, would outlive it.
  for (const id of ['owner', 'worker'])
    expect(await ask(admin, post(`/api/v1/tokens/${id}/rotate`, {}))).toMatchObject({
      status: 403,
      json: { code: 'HOMER_SCOPE_MISSING' },
    });
  const made = (await ask(admin, make)).json as unknown as TokenTextAnswer;
  expect(made.token.parent).toMatch(/^t/);
  expect(Date.parse(made.token.expiresAt ?? '')).toBeLessThanOrEqual(Date.now() + 3_600_000);
  expect((await ask(admin, post('/api/v1/tokens/child/rotate', {}))).status).toBe(200);
  // What it may do is not for the client to say.
  const wide = post('/api/v1/tokens', { name: 'y', scopes: ['read'], parent: 'owner', isOwner: true });
  expect((await ask(admin, wide)).status).toBe(400);
  expect(await homer('token', 'revoke', 'admin')).toContain('and 1 other that it made');
});

interface Login extends Said {
  readonly cookie: string;
}

async function logIn(): Promise<Login> {
  const { url } = await parsed<LoginAnswer>('open');
  const { pathname, search } = new URL(url);
  const said = await ask('', {
    path: pathname + search,
    headers: { 'user-agent': 'X11; Linux Firefox/140.0' },
  });
  return { ...said, cookie: (said.headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? '' };
}

const here = { 'sec-fetch-site': 'same-origin' };

test('4 a browser is logged in by a link that is good once, and by nothing else in an address', async () => {
  const { url } = await parsed<LoginAnswer>('open');
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/login\\?code=[\\w-]{32}$`));
  const withoutScreen = await room.run(['open'], { env: { DISPLAY: undefined, WAYLAND_DISPLAY: undefined } });
  expect(withoutScreen.stderr).toContain('There is no browser that can be opened here.');
  const { pathname, search } = new URL(url);
  const said = await ask('', { path: pathname + search });
  expect(said).toMatchObject({ status: 303, headers: { location: '/' } });
  expect(said.headers['set-cookie']).toEqual([
    expect.stringMatching(
      new RegExp(`^homer-${port}=homer_[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2\\d{6}$`),
    ),
  ]);
  // Used, made up, or another secret in its place.
  for (const query of [search, '?code=x', `?code=${ownerToken()}`, `?token=${ownerToken()}`, ''])
    expect(await ask('', { path: `/login${query}` })).toMatchObject({ status: 401 });
  const log = readFileSync(join(room.home, 'logs', 'daemon.log'), 'utf8');
  expect(log).not.toContain(search.slice('?code='.length));
});

test('14 a cookie counts only for what our own page asks for', async () => {
  const { cookie } = await logIn();
  const look = (headers: Record<string, string>, options: Ask = {}): Promise<Said> =>
    ask('', { ...options, headers: { cookie, ...headers } });
  expect((await look(here)).status).toBe(200);
  const typed = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' };
  expect((await look(typed)).status).toBe(200);
  const stop = post('/api/v1/tokens', { name: 'stolen', scopes: ['admin'] });
  for (const site of ['cross-site', 'same-site', 'none', ''])
    expect(await look({ 'sec-fetch-site': site }, stop)).toMatchObject({
      status: 403,
      json: { code: 'HOMER_ORIGIN_REFUSED' },
    });
  expect((await look({})).status).toBe(403);
  // Whoever wishes to speak another protocol has still not said whose page asks.
  const origin = `http://127.0.0.1:${port}`;
  for (const upgrade of ['foo', 'websocket']) {
    const wish = { connection: 'upgrade', upgrade, origin };
    expect(await look(wish, stop)).toMatchObject({ status: 403, json: { code: 'HOMER_ORIGIN_REFUSED' } });
    expect((await look(wish)).status).toBe(403);
    expect((await look(wish, { ...stop, path: '/ws' })).status).toBe(403);
  }
  const socket = (headers: Record<string, string>): Promise<SocketClient> =>
    SocketClient.open(port, { headers: { cookie, ...headers } });
  const ours = await socket({ origin });
  expect((await ours.ask('daemon.status')).error).toBeUndefined();
  ours.socket.close();
  // A name of ours, though not the one under which the browser has the cookie; and a page that says it is another.
  for (const headers of [
    { origin: `http://localhost:${port}` },
    { origin: 'null' },
    { origin, 'sec-fetch-site': 'same-site' },
    { origin, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    here,
  ])
    await expect(socket(headers), JSON.stringify(headers)).rejects.toMatchObject({ status: 403 });
  expect((await look({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(403);
  expect((await look({ ...here, cookie: `${cookie}; ${cookie}` })).status).toBe(401);
  expect((await look({ ...here, origin: `http://127.0.0.1:${port}` }, stop)).status).toBe(200);
  await homer('token', 'revoke', 'stolen');
  // A cookie is no token, nor the reverse.
  const [, text = ''] = cookie.split('=');
  expect((await ask(text)).status).toBe(401);
  expect((await look({ ...here, cookie: `homer-${port}=${ownerToken()}` })).status).toBe(401);
});

test('logins are listed and revoked, and end with the token that let them in', async () => {
  const [one, two] = [await logIn(), await logIn()];
  const { tokens } = await parsed<TokensAnswer>('token', 'list');
  const logins = tokens.filter(({ kind, state }) => kind === 'browser' && state === 'good');
  expect(logins.at(-1)).toMatchObject({ name: 'Firefox on Linux', parent: 'owner' });
  await homer('token', 'revoke', logins.at(-1)?.id ?? '');
  const status = async (cookie: string): Promise<number> =>
    (await ask('', { headers: { cookie, ...here } })).status;
  expect([await status(one.cookie), await status(two.cookie)]).toEqual([200, 401]);
  expect((await ask('', { path: '/', headers: { cookie: two.cookie, ...here } })).text).toContain(
    'homer open',
  );
  expect((await ask('', { path: '/', headers: { cookie: one.cookie, ...here } })).text).toContain(
    'logged in',
  );

  const old = ownerToken();
  const fresh = await homer('token', 'rotate');
  expect(fresh).not.toBe(old);
  expect(ownerToken()).toBe(fresh);
  expect(statSync(join(room.home, 'token')).mode & 0o777).toBe(0o600);
  expect([(await ask(old)).status, (await ask(fresh)).status, await status(one.cookie)]).toEqual([
    401, 200, 401,
  ]);
});

test('3 who guesses is slowed down under every name he claims; a proxy that is known says for whom it asks', async () => {
  const guess = async (from: string): Promise<unknown> =>
    (await ask('homer_' + 'x'.repeat(43), { headers: { 'x-forwarded-for': from } })).json['code'];
  const codes: unknown[] = [];
  for (let count = 0; count < 25; count++) codes.push(await guess(`10.9.9.${count}, ::ffff:192.0.2.7`));
  expect(codes.at(-1)).toBe('HOMER_RATE_LIMITED');
  expect(await guess('192.0.2.8')).toBe('HOMER_TOKEN_WRONG');
  const { entries } = await parsed<AuditAnswer>('audit', '--refused', '--what', 'authenticate');
  expect(entries.find(({ peer }) => peer === '192.0.2.7')).toMatchObject({ who: '-' });
});

test('the audit says who did what, and holds no secret', async () => {
  const token = await homer('token', 'add', 'noted', '--scope', 'operate');
  await homer('run', '-x', 'shell', 'echo done');
  const refused = await ask(token, post('/api/v1/jobs', { prompt: 'x', state: 'done' }));
  expect(refused.status).toBe(400);
  const { entries } = await parsed<AuditAnswer>('audit');
  const made = entries.find(({ what, subject }) => what === 'tokens.create' && subject !== null);
  expect(made).toMatchObject({ who: 'owner', face: 'http', peer: 'loopback', result: 'ok' });
  expect(entries.find(({ what }) => what === 'jobs.create')).toMatchObject({
    who: made?.subject,
    result: 'HOMER_INPUT_INVALID',
  });
  expect(
    entries.some(({ what, subject }) => what === 'jobs.create' && subject?.startsWith('j') === true),
  ).toBe(true);
  expect(JSON.stringify(entries)).not.toContain(token.slice(6));
  expect(await homer('audit', '-n', '5')).toContain('HOMER_INPUT_INVALID');
  // By its name: nobody remembers an id.
  expect(await homer('audit', '--who', 'noted')).toMatch(/\bnoted\b.*jobs\.create/);
  const unknown = await room.run(['audit', '--what', 'jobs.creat']);
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toContain('There is no operation "jobs.creat"');
  expect(unknown.stderr).toContain('Did you mean jobs.create?');
});

test('45 what an agent, a client or an error says of a secret is not written down', async () => {
  const made = await homer('token', 'add', 'leaked', '--scope', 'read');
  writeFileSync(join(room.work, 'made'), made);
  const said = await homer('run', '-x', 'shell', 'cat hook-secret; cat made; cat home/token');
  expect(said.replaceAll('[redacted]', '').trim()).toBe('');
  const failed = await room.run([
    'run',
    '-x',
    'shell',
    '--notify',
    'web',
    'cat hook-secret made >&2; exit 3',
  ]);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('[redacted]') as string });
  await ask('', { headers: { 'user-agent': `${hookSecret} ${made} ${ownerToken()}`, host: 'evil.example' } });
  const log = readFileSync(join(room.home, 'logs', 'daemon.log'), 'utf8');
  expect(log).toContain('[redacted]');
  const answers = await Promise.all(
    ['/api/v1/jobs', '/api/v1/deliveries', '/api/v1/audit', '/api/v1/tokens'].map((path) =>
      ask(ownerToken(), { path }),
    ),
  );
  const text = [log, failed.stderr, ...answers.map((answer) => answer.text)].join('');
  for (const secret of [hookSecret, made, ownerToken()]) expect(text).not.toContain(secret);
});
