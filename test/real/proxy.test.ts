// nginx in front of a daemon, with the configuration that docs/proxy.md shows.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../bench/redis-server.ts';
import { readEvents } from '../../src/cli/event-stream.ts';
import { startProgram, type Program } from './program.ts';

const checkout = join(import.meta.dirname, '../..');
const name = 'homer.example.net';
const room = mkdtempSync(join(tmpdir(), 'homer-proxy-'));
let ports = { homer: 0, nginx: 0 };
let daemon: Program;
let nginx: Program;

/** The block of the page, on a port of ours and without the certificate. */
function configuration(): string {
  const page = readFileSync(join(checkout, 'docs/proxy.md'), 'utf8');
  const block = /```nginx\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  const shown = block
    .replace('listen 443 ssl;', `listen 127.0.0.1:${ports.nginx};`)
    .replace('127.0.0.1:4663', `127.0.0.1:${ports.homer}`)
    .replaceAll(/^ *ssl_certificate.*$/gm, '');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    ...['daemon off;', `pid ${room}/nginx.pid;`, 'error_log stderr notice;'],
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    ...['events {}', 'http {', 'access_log off;'],
    ...temporary.map((each) => `${each}_temp_path ${room}/${each};`),
    ...[shown, '}'],
  ].join('\n');
}

async function startDaemon(): Promise<void> {
  daemon = startProgram([process.execPath, join(checkout, 'src/cli/main.ts'), 'serve'], {
    cwd: room,
    env: {
      HOME: room,
      PATH: process.env['PATH'] ?? '',
      HOMER_PORT: String(ports.homer),
      HOMER_HOME: join(room, 'homer'),
    },
  });
  await daemon.says('"msg":"ready"');
}

interface Ask {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Through nginx, with the owner's token. */
async function open(path: string, ask: Ask = {}): Promise<IncomingMessage> {
  const token = readFileSync(join(room, 'homer/token'), 'utf8').trim();
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port: ports.nginx,
      path,
      method: ask.method ?? 'GET',
      agent: false,
      headers: {
        host: ask.host ?? name,
        authorization: `Bearer ${token}`,
        ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...ask.headers,
      },
    });
    sent.on('response', resolve).on('error', reject);
    sent.end(ask.body === undefined ? undefined : JSON.stringify(ask.body));
  });
}

async function call(path: string, ask: Ask = {}): Promise<{ status: number; retry: string; body: string }> {
  const answer = await open(path, ask);
  let body = '';
  answer.setEncoding('utf8').on('data', (text: string) => (body += text));
  await new Promise((resolve) => answer.on('end', resolve));
  return { status: answer.statusCode ?? 0, retry: answer.headers['retry-after'] ?? '', body };
}

const submit = (prompt: string) =>
  call('/api/v1/jobs', { method: 'POST', body: { executor: 'shell', prompt } });

beforeAll(async () => {
  ports = { homer: await freePort(), nginx: await freePort() };
  const home = join(room, 'homer');
  rmSync(home, { recursive: true, force: true });
  chmodSync(room, 0o700);
  writeFileSync(join(room, 'nginx.conf'), configuration());
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin`;
  nginx = startProgram(['nginx', '-p', room, '-c', join(room, 'nginx.conf')], {
    cwd: room,
    env: { PATH: path },
  });
  await startDaemon();
  writeFileSync(join(home, 'config.yaml'), `hosts: [${name}]\ndrain: { timeoutMs: 20000 }\n`);
  // The daemon watches its configuration; nothing outside of it tells when it has read it.
  while ((await call('/livez')).status !== 200) await delay(20);
});

afterAll(async () => {
  for (const program of [daemon, nginx]) {
    program.signal('SIGTERM');
    await program.ended;
  }
  rmSync(room, { recursive: true, force: true });
});

test('the name that was given to Homer is answered, and no other', async () => {
  expect(await call('/readyz')).toMatchObject({ status: 200, body: '{"status":"ready"}' });
  expect((await call('/readyz', { host: 'other.example.net' })).status).toBe(421);
  expect((await submit('echo here')).status).toBe(202);
  const origin = { origin: `https://${name}` };
  expect((await call('/api/v1/jobs', { headers: origin })).status).toBe(200);
  expect((await call('/api/v1/jobs', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
});

test('events come as they happen', async () => {
  const answer = await open('/api/v1/events');
  const stream = readEvents(answer);
  const created = submit('echo now').then(({ body }) => (JSON.parse(body) as { job: { id: string } }).job.id);
  const seen: string[] = [];
  // Nothing follows these events that could push them out of a buffer.
  for await (const { data } of stream) {
    const event = JSON.parse(data) as { type: string; jobId: string | null };
    if (event.jobId === (await created)) seen.push(event.type);
    if (event.type === 'job.succeeded' && event.jobId === (await created)) break;
  }
  expect(seen[0]).toBe('job.queued');
  answer.destroy();
});

test('while it drains and while it is away work is refused with a time to come back, and then it goes on', async () => {
  const events = await open('/api/v1/events');
  const stream = readEvents(events);
  const go = join(room, 'go');
  const { body } = await submit(`until [ -e ${go} ]; do sleep 0.05; done; echo went`);
  const { id } = (JSON.parse(body) as { job: { id: string } }).job;
  let last = '';
  for await (const event of stream) {
    last = event.id ?? last;
    const { type, jobId } = JSON.parse(event.data) as { type: string; jobId: string | null };
    if (type === 'run.started' && jobId === id) break;
  }
  daemon.signal('SIGTERM');
  await daemon.says('"msg":"stopping"');
  expect(await call('/readyz')).toMatchObject({ status: 503, body: '{"status":"draining"}' });
  expect((await call('/livez')).status).toBe(200);
  const refused = await submit('echo too late');
  expect(refused).toMatchObject({ status: 503, retry: '5' });
  expect(refused.body).toContain('HOMER_DRAINING');
  expect((await call('/api/v1/jobs')).status).toBe(200);

  writeFileSync(go, '');
  expect((await daemon.ended).code).toBe(0);
  expect(await call('/readyz')).toMatchObject({ status: 503, retry: '5' });
  expect(await submit('echo nobody')).toMatchObject({ status: 503, retry: '5' });

  await startDaemon();
  expect((await call('/readyz')).status).toBe(200);
  const more = await open('/api/v1/events', { headers: { 'last-event-id': last } });
  for await (const { data } of readEvents(more)) {
    const { type, jobId } = JSON.parse(data) as { type: string; jobId: string | null };
    if (type === 'job.succeeded' && jobId === id) break;
  }
  more.destroy();
});
