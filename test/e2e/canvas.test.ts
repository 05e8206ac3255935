// Canvases as people and runs have them: put up by the command line, looked at over a socket, attacked by address.

import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CanvasAnswer, CanvasesAnswer } from '../../src/cli/answers.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';
import { ask, type Said } from './gateway-fixture.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

let room: Room;

beforeEach(async () => {
  room = await openRoom();
  mkdirSync(join(room.work, 'site/pictures'), { recursive: true });
  writeFileSync(join(room.work, 'site/index.html'), '<h1>Sales</h1>');
  writeFileSync(join(room.work, 'site/pictures/one two.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  expect((await room.run(['start'])).code).toBe(0);
});
afterEach(() => room.close());

async function put(...args: string[]): Promise<CanvasAnswer['canvas']> {
  const { stdout, stderr } = await room.run(['canvas', 'put', ...args, '--json']);
  expect(stdout, stderr).not.toBe('');
  return (JSON.parse(stdout) as CanvasAnswer).canvas;
}

const get = (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Said> => {
  const at = new URL(url);
  // As written: a client that tidies the path up would hide what is tried.
  return ask(Number(at.port), { method, path: url.slice(at.origin.length), headers });
};

/** The events of a canvas, one at a time. */
async function follow(url: string): Promise<{ next: () => Promise<string>; ended: () => Promise<void> }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, resolve).once('error', reject).end();
  });
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  response.setEncoding('utf8');
  const chunks = response[Symbol.asyncIterator]();
  let text = '';
  return {
    async ended() {
      while ((await chunks.next()).done !== true);
    },
    async next() {
      for (;;) {
        const match = /data: (.*)\n\n/.exec(text);
        if (match !== null) {
          text = text.slice(match.index + match[0].length);
          return match[1] ?? '';
        }
        const chunk = await chunks.next();
        if (chunk.done === true) throw new Error('the stream ended');
        text += String(chunk.value);
      }
    },
  };
}

test('a folder is put up, looked at, changed under an open page, and taken down', async () => {
  writeFileSync(join(room.work, 'site/.env'), 'KEY=1');
  symlinkSync('/etc/hostname', join(room.work, 'site/host.txt'));
  const told = await room.run(['canvas', 'put', 'sales', 'site']);
  expect(told.stderr).toContain('left out: .env: its name begins with a dot');
  expect(told.stderr).toContain('left out: host.txt: not a plain file');
  const url = told.stdout.trim();
  const { port, canvasPort } = (await readRecord(room.home)) ?? {};
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${canvasPort}/[\\w-]{43}/$`));
  expect(canvasPort).not.toBe(port);

  const page = await get(url);
  expect(page.status).toBe(200);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.text).toContain('<h1>Sales</h1>');
  expect(page.text).toContain('~live.js');
  const picture = await get(`${url}pictures/one%20two.svg`);
  expect(picture.headers['content-type']).toBe('image/svg+xml');
  expect((await get(url.slice(0, -1))).headers['location']).toBe(new URL(url).pathname);

  const changes = await follow(`${url}~changes`);
  expect(await changes.next()).toBe('1');
  writeFileSync(join(room.work, 'data.bin'), 'x');
  expect((await put('sales', 'data.bin')).version).toBe(2);
  expect(await changes.next()).toBe('2');
  const data = await get(`${url}data.bin`);
  expect(data.headers['content-disposition']).toBe('attachment');
  expect(data.headers['content-type']).toBe('application/octet-stream');
  const again = await get(`${url}data.bin`, { 'if-none-match': String(data.headers['etag']) });
  expect(again.status).toBe(304);

  const replaced = await put('sales', 'site', '--replace');
  expect(replaced.files.map(({ path }) => path)).toEqual(['index.html', 'pictures/one two.svg']);
  expect(readdirSync(join(room.home, 'canvas/files'))).toHaveLength(2);

  const moved = (await room.run(['canvas', 'rotate', 'sales'])).stdout.trim();
  await changes.ended();
  expect((await get(url)).status).toBe(404);
  expect((await get(moved)).status).toBe(200);
  expect((await room.run(['canvas', 'rm', 'sales'])).code).toBe(0);
  expect((await get(moved)).status).toBe(404);
  expect(readdirSync(join(room.home, 'canvas/files'))).toEqual([]);
  expect((await room.run(['canvas', 'rm', 'sales'])).stderr).toContain('There is no canvas "sales"');
});

test('abuse 35, 36, 37: no address leads anywhere but to what was put up', async () => {
  const { url } = await put('a', 'site');
  const outside = [
    '../../token',
    '%2e%2e/%2e%2e/token',
    '..%2f..%2ftoken',
    '%2e%2e%2f%2e%2e%2ftoken',
    '..%5c..%5ctoken',
    '..\\..\\token',
    '%252e%252e%252ftoken',
    '....//....//token',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'index.html%00.png',
    '%c0%ae%c0%ae/token',
    '%ff',
    '%',
    'C:/windows/win.ini',
    'C%3a%5cwindows',
    '.env',
    '.git/config',
    'homer.db',
    'token',
    'pictures',
    'pictures/../index.html',
    'constructor',
    '__proto__',
  ];
  for (const path of outside) expect((await get(`${url}${path}`)).status, path).toBe(404);
  const origin = new URL(url).origin;
  for (const path of ['/', '/index.html', `/${'A'.repeat(43)}/`, `/${'A'.repeat(42)}/index.html`])
    expect((await get(`${origin}${path}`)).status, path).toBe(404);
  expect((await get(`${url}index.html`, {}, 'POST')).status).toBe(405);

  // What lies in the store under the right name but is not what was put is not served.
  const file = readdirSync(join(room.home, 'canvas/files')).find((name) =>
    readFileSync(join(room.home, 'canvas/files', name), 'utf8').includes('Sales'),
  );
  const stored = join(room.home, 'canvas/files', file ?? '');
  writeFileSync(stored, readFileSync(join(room.home, 'token')));
  expect((await get(url)).status).toBe(500);

  writeFileSync(join(room.work, 'homer.db'), 'x');
  const absent = await room.run(['canvas', 'put', 'a', 'nofile']);
  expect(absent).toMatchObject({ code: 2, stdout: '' });
  expect(absent.stderr).toContain('nofile is not there.');
  const kept = await room.run(['canvas', 'put', 'a', 'homer.db']);
  expect(kept.code).toBe(2);
  expect(kept.stderr).toContain('of a kind that holds secrets');
});

test('abuse 38, 39, 40: a page is nobody, whatever is in it', async () => {
  writeFileSync(
    join(room.work, 'evil.svg'),
    '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
  );
  const { url } = await put('a', 'site', 'evil.svg');
  for (const path of ['', 'evil.svg', '~live.js']) {
    const { headers } = await get(`${url}${path}`, { cookie: 'a=b' });
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*; sandbox allow-scripts$/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['set-cookie']).toBeUndefined();
  }
  const named = `x\r\nset-cookie: a=b.html`;
  const { port } = (await readRecord(room.home)) ?? { port: 0 };
  const token = readFileSync(join(room.home, 'token'), 'utf8').trim();
  const refused = await ask(port, {
    method: 'POST',
    path: '/api/v1/canvas/a',
    body: JSON.stringify({ files: [{ path: named, text: 'x' }] }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });
  expect(refused.status).toBe(400);
  expect(refused.json).toMatchObject({ code: 'HOMER_CANVAS_PATH' });
});

test('five hundred who wait for changes of one canvas hold up neither its pages nor another canvas', async () => {
  const [one, other] = [await put('one', 'site'), await put('other', 'site')];
  const { port: at, pathname } = new URL(one.url);
  const line = `GET ${pathname}~changes HTTP/1.1\r\nHost: 127.0.0.1:${at}\r\n\r\n`;
  const heads = new Map<string, number>();
  const sockets = await Promise.all(
    Array.from({ length: 510 }, async () => {
      const socket = connect({ host: '127.0.0.1', port: Number(at) });
      socket.on('error', () => undefined);
      socket.write(line);
      const [head] = (await once(socket, 'data')) as [Buffer];
      const status = head.toString('latin1').slice(9, 12);
      heads.set(status, (heads.get(status) ?? 0) + 1);
      // Whoever is refused is not waited for.
      if (status === '429') await once(socket.resume(), 'close');
      return socket;
    }),
  );
  expect([...heads]).toEqual([
    ['200', 16],
    ['429', 494],
  ]);
  const began = performance.now();
  expect((await get(one.url)).text).toContain('Sales');
  const refused = await get(`${one.url}~changes`);
  expect(refused.headers['retry-after']).toBe('5');
  const changes = await follow(`${other.url}~changes`);
  expect(await changes.next()).toBe('1');
  expect(performance.now() - began).toBeLessThan(2_000);
  for (const socket of sockets) socket.destroy();
  // Their places are free again.
  const freed = async (): Promise<string> => {
    for (;;) {
      const stream = await follow(`${one.url}~changes`).catch(() => null);
      if (stream !== null) return stream.next();
    }
  };
  expect(await freed()).toBe('1');
});

test('abuse 10: the host answers to its own names only, and the key of the canvas is no token', async () => {
  const { url } = await put('a', 'site');
  for (const host of ['evil.example', '127.0.0.1.evil.com', 'localhost'])
    expect((await get(url, { host })).status, host).toBe(421);
  const { port } = (await readRecord(room.home)) ?? { port: 0 };
  const key = new URL(url).pathname.slice(1, -1);
  const said = await ask(port, { path: '/api/v1/jobs', headers: { authorization: `Bearer ${key}` } });
  expect(said.status).toBe(401);
});

test('a canvas outlives a kill -9, and one that cannot be read costs nobody else', async () => {
  const { url } = await put('kept', 'site');
  await put('broken', 'site');
  const key = new URL(url).pathname;
  const { pid } = (await readRecord(room.home)) ?? { pid: 0 };
  process.kill(pid, 'SIGKILL');
  writeFileSync(join(room.home, 'canvas/broken.json'), '{');
  writeFileSync(join(room.home, 'canvas/.draft'), 'half');
  expect((await room.run(['start'])).code).toBe(0);
  const { canvases } = JSON.parse((await room.run(['canvas', '--json'])).stdout) as CanvasesAnswer;
  expect(canvases.map(({ name }) => name)).toEqual(['kept']);
  expect((await get(`${new URL(canvases[0]?.url ?? '').origin}${key}`)).status).toBe(200);
  expect(existsSync(join(room.home, 'canvas/.draft'))).toBe(false);
});

test('a run has canvases of its own, and touches no other', async () => {
  writeFileSync(
    join(room.home, 'config.yaml'),
    JSON.stringify({
      executors: { script: { kind: 'command', argv: ['sh', '-c', '{prompt}'], subagents: true } },
    }),
  );
  await put('mine', 'site');
  expect((await room.run(['restart'])).code).toBe(0);
  const homer = `'${process.execPath}' '${main}'`;
  const script = [
    `printf '<p>from a run</p>' > page.html`,
    `${homer} canvas put report page.html`,
    `${homer} canvas put mine page.html 2>&1`,
    `${homer} canvas rm mine 2>&1`,
    `${homer} canvas --json`,
  ].join('; ');
  const { stdout, stderr } = await room.run(['run', '-x', 'script', script]);
  expect(stdout, stderr).toContain('/page.html');
  expect(stdout.match(/was not made by this session/g)).toHaveLength(2);
  const listed = JSON.parse(stdout.slice(stdout.indexOf('{'))) as CanvasesAnswer;
  expect(listed.canvases.map(({ name }) => name)).toEqual(['report']);
});
