// Abuse of the HTTP interface that no other file has, by the numbers of docs/security.md, against a daemon of its own.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom, type Room } from './cli-process.ts';
import { ask as askAt, tell, type Ask, type Said } from './gateway-fixture.ts';

let room: Room;
let port: number;
let token: string;
beforeAll(async () => {
  room = await openRoom();
  const { code, stderr } = await room.run(['start']);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  port = (JSON.parse(readFileSync(join(room.home, 'daemon.json'), 'utf8')) as { port: number }).port;
  token = readFileSync(join(room.home, 'token'), 'utf8').trim();
});
afterAll(() => room.close());

const ask = (options: Ask): Promise<Said> =>
  askAt(port, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });
const create = (body: object, headers: Record<string, string> = {}): Promise<Said> =>
  ask({ method: 'POST', path: '/api/v1/jobs', body: JSON.stringify(body), headers });
const jobs = async (): Promise<number> =>
  ((await ask({ path: '/api/v1/jobs' })).json['jobs'] as unknown[]).length;

test('13 nothing is changed by a GET, nor by a form', async () => {
  for (const path of [
    '/api/v1/stop',
    '/api/v1/resume',
    '/api/v1/tokens/owner/rotate',
    '/api/v1/jobs/x/cancel',
  ])
    expect((await ask({ path })).status).toBe(404);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const path of ['/api/v1/stop', '/api/v1/jobs', '/api/v1/logins'])
    expect((await ask({ method: 'POST', path, body: 'mode=now', headers: form })).status).toBe(415);
});

test('20 who claims to be somebody in headers is nobody', async () => {
  const claims = {
    'tailscale-user-login': 'owner@example.net',
    'x-forwarded-user': 'owner',
    'remote-user': 'owner',
    'x-forwarded-for': '127.0.0.1',
    'x-real-ip': '127.0.0.1',
    'x-forwarded-host': `127.0.0.1:${port}`,
    'x-homer-scopes': 'admin',
  };
  expect((await ask({ path: '/api/v1/status', headers: { ...claims, authorization: '' } })).status).toBe(401);
  expect((await ask({ path: '/livez', headers: { ...claims, host: 'evil.example' } })).status).toBe(421);
});

const traversals = [
  '../token',
  '..%2ftoken',
  '%2e%2e/token',
  '%2e%2e%2ftoken',
  '..%5ctoken',
  '..%255c..%255ctoken',
  '%252e%252e%252ftoken',
  '..%c0%af..%c0%aftoken',
  '%00',
  '..%00/token',
  '%2fetc%2fpasswd',
  '/etc/passwd',
  'C:%5cWindows',
  '\\\\..\\\\token',
  '....//token',
];
const places = [
  '/',
  '/api/v1/jobs/',
  '/api/v1/sessions/',
  '/api/v1/schedules/',
  '/api/v1/tokens/',
  '/hooks/',
  '/login/',
];

test('35, 37 no address leads to a file, however it is written', async () => {
  for (const place of places)
    for (const each of [...traversals, '.env', 'homer.db', 'config.yaml', 'token', '.git/config']) {
      const answer = await tell(
        port,
        `GET ${place}${each} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      );
      expect(`${place}${each} ${answer.slice(0, 13)}`).toMatch(/HTTP\/1\.1 (400|403|404|421)?/);
      expect(answer.slice(9, 12)).toMatch(/^(400|403|404|421)$/);
      expect(answer).not.toContain(token);
      expect(answer).not.toContain('root:');
    }
});

test('40 what stands in an address comes back in no header', async () => {
  for (const path of [
    '/api/v1/jobs/%0d%0aset-cookie:x=1',
    '/login?code=%0d%0aset-cookie:x=1',
    '/hooks/%0d%0ax',
  ]) {
    const said = await ask({ path });
    expect(said.status).toBeGreaterThanOrEqual(400);
    expect(said.headers['set-cookie']).toBeUndefined();
  }
});

test('47 there is nowhere outside that a client could have Homer call', async () => {
  const before = await jobs();
  for (const notify of [
    'http://127.0.0.1:1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'file:///etc/passwd',
    'webhook:http://127.0.0.1/',
  ])
    expect((await create({ prompt: 'x', executor: 'shell', notify })).status).toBe(400);
  for (const key of ['callback', 'callbackUrl', 'url', 'webhook'])
    expect((await create({ prompt: 'x', executor: 'shell', [key]: 'http://127.0.0.1/' })).status).toBe(400);
  expect(await jobs()).toBe(before);
});

test('48 the configuration is not for clients, nor is what a run is made of', async () => {
  for (const path of ['/api/v1/config', '/api/v1/executors', '/api/v1/executors/shell', '/config'])
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect([400, 404]).toContain((await ask({ method, path, body: '{"bin":"/tmp/x"}' })).status);
  for (const key of [
    'bin',
    'argv',
    'env',
    'setEnv',
    'permissions',
    'isOwner',
    'source',
    'parentId',
    'approved',
  ])
    expect((await create({ prompt: 'x', executor: 'shell', [key]: 'x' })).status).toBe(400);
});

test('50 markup in a job is text, in an answer that no browser takes for a page', async () => {
  const prompt = 'true # <img src=x onerror=alert(1)> [x](javascript:alert(1))';
  const said = await create({ prompt, executor: 'shell' });
  expect(said.status).toBe(202);
  for (const path of [
    '/api/v1/jobs',
    '/api/v1/status',
    '/livez',
    '/',
    '/nothing',
    '/login',
    '/openapi.json',
  ]) {
    const { headers } = await ask({ path });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; .*frame-ancestors 'none'; require-trusted-types-for 'script'/,
    );
    expect(headers['access-control-allow-origin']).toBeUndefined();
    if (path.startsWith('/api')) expect(headers['content-type']).toBe('application/json');
  }
});
