import { Agent } from 'node:http';
import { gzipSync } from 'node:zlib';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { gatewayLimits } from '../../src/gateway/gateway-options.ts';
import type { TokenBook } from '../../src/gateway/auth.ts';
import type { Grant } from '../../src/ledger/grant.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { ask, jobId, ownerToken, readToken, runId, startFixture, tell } from './gateway-fixture.ts';
import type { Ask, Fixture } from './gateway-fixture.ts';

let fixture: Fixture;
let port: number;

async function start(...args: Parameters<typeof startFixture>): Promise<void> {
  fixture = await startFixture(...args);
  port = fixture.port;
}
beforeEach(() => start());
afterEach(() => fixture.gateway.close());

async function restart(...args: Parameters<typeof startFixture>): Promise<void> {
  await fixture.gateway.close();
  await start(...args);
}

const everyAddress = [
  '/livez',
  '/readyz',
  '/health',
  '/openapi.json',
  '/api/v1/jobs',
  '/api/v1/events',
  '/nothing',
];
const create = (body: unknown, more: Ask = {}): Ask => ({
  method: 'POST',
  path: '/api/v1/jobs',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...more,
});

describe('the order of the guards', () => {
  const megabytes = 'x'.repeat(2 * 1024 * 1024);
  // In the order of the contract; each breaks one thing of a good request.
  const faults: readonly (readonly [string, number, (ask: Ask) => Ask])[] = [
    ['host', 421, (ask) => with_(ask, { host: 'evil.example' })],
    ['origin', 403, (ask) => with_(ask, { origin: 'https://evil.example' })],
    ['auth', 401, (ask) => with_(ask, { authorization: '' })],
    ['scope', 403, (ask) => with_(ask, { authorization: `Bearer ${readToken}` })],
    ['type', 415, (ask) => with_(ask, { 'content-type': 'text/plain' })],
    [
      'size',
      413,
      (ask) => ({ ...ask, body: JSON.stringify({ ...JSON.parse(ask.body ?? '{}'), prompt: megabytes }) }),
    ],
    [
      'schema',
      400,
      (ask) => ({ ...ask, body: JSON.stringify({ ...JSON.parse(ask.body ?? '{}'), approved: true }) }),
    ],
    ['rate', 429, (ask) => ask],
  ];
  const codes: Record<string, string> = {
    host: 'HOMER_HOST_REFUSED',
    origin: 'HOMER_ORIGIN_REFUSED',
    auth: 'HOMER_TOKEN_MISSING',
    scope: 'HOMER_SCOPE_MISSING',
    type: 'HOMER_CONTENT_TYPE',
    size: 'HOMER_BODY_TOO_LARGE',
    schema: 'HOMER_INPUT_INVALID',
    rate: 'HOMER_RATE_LIMITED',
  };
  const with_ = (ask: Ask, headers: Record<string, string>): Ask => ({
    ...ask,
    headers: { ...ask.headers, ...headers },
  });

  const pairs = faults.flatMap((first, index) =>
    faults.slice(index + 1).map((second) => [first, second] as const),
  );
  test.each(pairs.map(([first, second]) => [first[0], second[0], first, second] as const))(
    '%s before %s',
    async (_a, _b, first, second) => {
      if (second[0] === 'rate') await restart({}, { rate: { burst: 0, perSecond: 1 } });
      // The later fault first, so that where both change the same header the earlier one stands.
      const said = await ask(port, first[2](second[2](create({ prompt: 'hello' }))));
      expect(said.status).toBe(first[1]);
      expect(said.json['code']).toBe(codes[first[0]]);
      expect(fixture.seen).toEqual([]);
    },
  );

  test('a good request passes all of them', async () => {
    const said = await ask(port, create({ prompt: 'hello' }, { headers: { 'idempotency-key': 'k1' } }));
    expect(said).toMatchObject({ status: 202, json: { job: { id: jobId } } });
    expect(fixture.seen).toEqual([{ prompt: 'hello', key: 'k1' }]);
    expect(said.headers['cache-control']).toBe('no-store');
    expect(said.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('too many requests are told when to come again', async () => {
    await restart({}, { rate: { burst: 0, perSecond: 0.2 } });
    const said = await ask(port, create({ prompt: 'hello' }));
    expect(said).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
  });
});

describe('tokens of runs', () => {
  const run = { jobId, runId, lane: 'default', token: 'g.1.1' } as Grant;
  const shape = (mac: string): string => `Bearer homer-run.${runId}.${mac.padEnd(43, 'x')}`;
  const book: TokenBook = {
    runs: { verify: (token) => (token.includes('.live') ? run : token.includes('.over') ? 'ended' : null) },
    tokens: { verify: () => null, onRevoked: () => () => undefined },
  };
  const asRun = (options: Ask = {}, mac = 'live'): Ask => ({
    ...options,
    headers: { ...options.headers, authorization: shape(mac) },
  });
  beforeEach(() => restart({}, { book }));

  test('are told to wait, not that they are wrong, while Homer starts', async () => {
    await restart({}, { isStarting: true });
    for (let count = 0; count < 25; count++)
      expect(await ask(port, asRun({ path: '/api/v1/jobs' }))).toMatchObject({
        status: 503,
        json: { code: 'HOMER_STARTING' },
      });
  });

  test('stand between auth and type: an ended run, a forged token, a foreign address', async () => {
    const text = { 'content-type': 'text/plain' };
    const say = async (options: Ask, mac?: string): Promise<unknown> =>
      (await ask(port, asRun({ ...options, headers: { ...text, ...options.headers } }, mac))).json['code'];
    const job = create({ prompt: 'hello' });
    expect(await say({ ...job, headers: { origin: 'https://evil.example' } })).toBe('HOMER_ORIGIN_REFUSED');
    expect(await say(job, 'over')).toBe('HOMER_RUN_ENDED');
    expect(await say(job, 'else')).toBe('HOMER_TOKEN_WRONG');
    expect(await say({ path: '/api/v1/lanes' })).toBe('HOMER_SCOPE_MISSING');
    expect(await say({ path: '/openapi.json' })).toBe('HOMER_SCOPE_MISSING');
    expect(await say({ path: '/api/v1/events' })).toBe('HOMER_SCOPE_MISSING');
    expect(await say({ path: `/api/v1/runs/${runId}/stream` })).toBe('HOMER_SCOPE_MISSING');
    expect(await say(job)).toBe('HOMER_CONTENT_TYPE');
    expect(fixture.seen).toEqual([]);
    expect((await ask(port, asRun(job))).status).toBe(202);
  });

  test('forging is guessing: it is slowed down, and the right token is let through all the same', async () => {
    const codes = new Set<unknown>();
    for (let count = 0; count < 25; count++)
      codes.add((await ask(port, asRun({ path: '/api/v1/jobs' }, `try${count}`))).json['code']);
    expect([...codes]).toEqual(['HOMER_TOKEN_WRONG', 'HOMER_RATE_LIMITED']);
    expect((await ask(port, asRun({ path: '/api/v1/jobs' }))).status).toBe(200);
  });
});

describe('host and origin', () => {
  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil',
    'localhost',
    '127.0.0.1:1',
    '0.0.0.0:PORT',
    '127.1:PORT',
    'localhost.:PORT',
    'user@localhost:PORT',
  ])('10 Host %s is refused everywhere', async (host) => {
    for (const path of everyAddress) {
      const said = await ask(port, { path, headers: { host: host.replace('PORT', String(port)) } });
      expect(said.status).toBe(421);
      expect(said.headers['content-type']).toBe('application/problem+json');
    }
  });

  test.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])(
    'Host %s with our port is answered',
    async (host) => {
      expect((await ask(port, { headers: { host: `${host}:${port}` } })).status).toBe(200);
    },
  );

  test('a configured name is answered, alone and with our port', async () => {
    await restart({}, { hosts: ['homer.example.net', 'tunnel.example:8443'] });
    const host = async (name: string): Promise<number> =>
      (await ask(port, { headers: { host: name } })).status;
    expect(await host('homer.example.net')).toBe(200);
    expect(await host(`homer.example.net:${port}`)).toBe(200);
    expect(await host('tunnel.example:8443')).toBe(200);
    expect(await host('tunnel.example')).toBe(421);
    fixture.gateway.answerTo(['other.example']);
    expect(await host('other.example')).toBe(200);
    expect(await host('homer.example.net')).toBe(421);
    fixture.gateway.answerTo(['homer.example.net']);
    const origin = { host: 'homer.example.net', origin: 'https://homer.example.net' };
    expect((await ask(port, { headers: origin })).status).toBe(200);
  });

  test('two Host headers and an address with a host of its own are refused', async () => {
    const twice = `GET /livez HTTP/1.1\r\nHost: localhost:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
    expect(await tell(port, twice)).toMatch(/^HTTP\/1.1 4(00|21)/);
    const absolute = `GET http://evil.example/livez HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`;
    expect(await tell(port, absolute)).toMatch(/^HTTP\/1.1 421/);
    expect(await tell(port, 'GET /livez HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 421/);
    expect(await tell(port, 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
  });

  test.each([
    'https://evil.example',
    'null',
    'http://127.0.0.1:1',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:PORT.evil',
    'file://',
    'http://localhost:PORT, https://evil.example',
  ])('11 Origin %s is refused, without a word to the page', async (origin) => {
    for (const path of everyAddress) {
      const said = await ask(port, { path, headers: { origin: origin.replace('PORT', String(port)) } });
      expect(said.status).toBe(403);
      expect(said.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('our own page is answered, what another page causes is not', async () => {
    expect((await ask(port, { headers: { origin: `http://127.0.0.1:${port}` } })).status).toBe(200);
    expect((await ask(port, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await ask(port, { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
  });

  test('a preflight gets no permission', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const said = await ask(port, { method: 'OPTIONS', path: '/api/v1/jobs', headers });
    expect(said.status).toBe(403);
    expect(Object.keys(said.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('authentication', () => {
  test('1 nothing but the three small addresses answers without a token, also what is not there', async () => {
    for (const path of [
      '/openapi.json',
      '/api/v1/jobs',
      `/api/v1/jobs/${jobId}`,
      '/api/v1/events',
      `/api/v1/runs/${runId}/stream`,
      '/nothing',
      '/%ff',
      '/..%2f..%2fetc',
    ]) {
      const said = await ask(port, { path, headers: { authorization: '' } });
      expect(said.status).toBe(401);
      expect(said.headers['www-authenticate']).toBe('Bearer realm="homer"');
      expect(said.json).toMatchObject({ code: 'HOMER_TOKEN_MISSING' });
    }
    for (const path of ['/livez', '/readyz', '/health'])
      expect((await ask(port, { path, headers: { authorization: '' } })).status).toBe(200);
  });

  test('4 a token in the address does not count and is not logged', async () => {
    const said = await ask(port, {
      path: `/api/v1/jobs?token=${ownerToken}`,
      headers: { authorization: '' },
    });
    expect(said.status).toBe(401);
    const withBoth = await ask(port, { path: `/api/v1/jobs?token=${ownerToken}` });
    expect(withBoth.status).toBe(400);
    expect(JSON.stringify(fixture.lines)).not.toContain(ownerToken);
  });

  test.each(['Basic x', 'Bearer', `Bearer ${ownerToken.slice(1)}`, `Bearer ${ownerToken}x`, ownerToken])(
    'Authorization: %s is refused',
    async (authorization) => {
      expect((await ask(port, { path: '/api/v1/jobs', headers: { authorization } })).status).toBe(401);
    },
  );

  test('2, 3 who guesses is slowed down, whatever address he claims; the right token still works', async () => {
    const statuses: number[] = [];
    let last;
    for (let count = 0; count < 22; count++) {
      last = await ask(port, {
        path: '/api/v1/jobs',
        headers: { authorization: `Bearer wrong-${count}`, 'x-forwarded-for': `10.0.0.${count}` },
      });
      statuses.push(last.status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(statuses.slice(20)).toEqual([429, 429]);
    expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(port, { path: '/api/v1/jobs' })).status).toBe(200);
    expect((await ask(port, { path: '/api/v1/jobs', headers: { authorization: '' } })).status).toBe(401);
  });

  test('6 a token of scope read reads, and does nothing else', async () => {
    const headers = { authorization: `Bearer ${readToken}` };
    expect((await ask(port, { path: '/api/v1/jobs', headers })).status).toBe(200);
    expect((await ask(port, create({ prompt: 'x' }, { headers }))).status).toBe(403);
    expect((await ask(port, { method: 'POST', path: `/api/v1/jobs/${jobId}/cancel`, headers })).status).toBe(
      403,
    );
  });
});

describe('bodies', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json; charset=utf-16',
    'application/jsonp',
    'text/plain; application/json',
  ])('13 a body of type %s is refused', async (type) => {
    const said = await ask(port, create({ prompt: 'x' }, { headers: { 'content-type': type } }));
    expect(said.status).toBe(415);
  });

  test('13, 19 a body without a type and a compressed one are refused', async () => {
    expect((await ask(port, create({ prompt: 'x' }, { headers: { 'content-type': '' } }))).status).toBe(415);
    const bomb = gzipSync('0'.repeat(1_000_000)).toString('latin1');
    expect((await ask(port, create(bomb, { headers: { 'content-encoding': 'gzip' } }))).status).toBe(415);
  });

  test('application/json with a charset, and a post without a body, are fine', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8' };
    expect((await ask(port, create({ prompt: 'x' }, { headers }))).status).toBe(202);
    expect((await ask(port, { method: 'POST', path: `/api/v1/jobs/${jobId}/cancel` })).status).toBe(200);
  });

  test('too large a body is refused by its length before it is sent', async () => {
    const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\nContent-Type: application/json\r\n`;
    expect(await tell(port, `${head}Content-Length: 99999999\r\n\r\n{`)).toMatch(/^HTTP\/1.1 413/);
  });

  test('too large a body without a length is refused while it is read', async () => {
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = await tell(port, head + chunk.repeat(17));
    expect(answer).toMatch(/^HTTP\/1.1 413/);
    expect(answer).toContain('HOMER_BODY_TOO_LARGE');
  });

  test('19 5 MB are refused, and the client sees why', async () => {
    const said = await ask(port, create({ prompt: 'x'.repeat(5_000_000) }));
    expect(said).toMatchObject({ status: 413, json: { code: 'HOMER_BODY_TOO_LARGE' } });
  });

  test.each([
    ['no JSON', '{"prompt": '],
    ['a list', '[]'],
    ['a word', '"x"'],
    ['null', 'null'],
    ['a prototype', '{"prompt":"x","__proto__":{"isOwner":true}}'],
    ['a prototype deep down', '{"prompt":"x","lane":{"a":[{"__proto__":{}}]}}'],
    ['a constructor', '{"prompt":"x","constructor":{"prototype":{"a":1}}}'],
    ['nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['nothing', ''],
  ])('19 %s is refused', async (_what, body) => {
    const said = await ask(port, create(body));
    expect(said).toMatchObject({ status: 400, json: { code: 'HOMER_INPUT_INVALID' } });
    expect(fixture.seen).toEqual([]);
  });
});

describe('fields', () => {
  test('9 every problem is told at once, internal fields are unknown', async () => {
    const said = await ask(
      port,
      create({ prompt: 5, state: 'succeeded', attempts: 0, id: 'x', key: 'k', lane: null }),
    );
    expect(said.status).toBe(400);
    expect((said.json['fields'] as { field: string }[]).map((each) => each.field).sort()).toEqual([
      'attempts',
      'id',
      'key',
      'lane',
      'prompt',
      'state',
    ]);
    expect(said.json['detail']).toContain('attempts: is not a known key');
  });

  test('an id in the body cannot stand in for the one in the path', async () => {
    const said = await ask(port, {
      method: 'POST',
      path: `/api/v1/jobs/${jobId}/cancel`,
      body: `{"id":"${jobId}"}`,
    });
    expect(said.status).toBe(400);
  });

  test.each([
    '/api/v1/jobs/..%2f..%2fetc%2fpasswd',
    '/api/v1/jobs/%00',
    '/api/v1/jobs/J0123456789ABCDEFGHJ',
    `/api/v1/jobs/${'j'.repeat(500)}`,
    '/api/v1/jobs/%E0%A4%A',
    '/api/v1/jobs?limt=1',
    '/api/v1/jobs?state=a&state=b',
    '/api/v1/jobs?__proto__=x',
    '/api/v1/runs/nope/stream',
    `/api/v1/runs/${runId}/stream?since=-1`,
    '/api/v1/events?sinse=1',
  ])('GET %s is refused', async (path) => {
    const said = await ask(port, { path });
    expect(said).toMatchObject({ status: 400, json: { code: 'HOMER_INPUT_INVALID' } });
  });

  test('a query on a post and a body on a get are refused', async () => {
    expect((await ask(port, create({ prompt: 'x' }, { path: '/api/v1/jobs?lane=a' }))).status).toBe(400);
    expect((await ask(port, { path: '/api/v1/jobs', body: '{}' })).status).toBe(400);
  });

  test('a header that is one value is not accepted twice', async () => {
    const body = JSON.stringify({ prompt: 'hello' });
    const answer = await tell(
      port,
      `POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ownerToken}\r\n` +
        `Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('idempotency-key');
    expect(fixture.seen).toEqual([]);
  });

  test('half a character is no text', async () => {
    const said = await ask(port, create('{"prompt":"a\\ud800b"}'));
    expect(said).toMatchObject({ status: 400, json: { code: 'HOMER_INPUT_INVALID' } });
    expect((await ask(port, create('{"prompt":"a\\ud83d\\ude00b"}'))).status).toBe(202);
  });
});

describe('answers', () => {
  test('a known error has its code, hint and status', async () => {
    const said = await ask(port, { path: `/api/v1/jobs/${jobId}` });
    expect(said.headers['content-type']).toBe('application/problem+json');
    expect(said.json).toEqual({
      type: 'urn:homer:error:HOMER_JOB_UNKNOWN',
      title: 'There is no such job',
      status: 404,
      code: 'HOMER_JOB_UNKNOWN',
      detail: `There is no job ${jobId}.`,
      hint: '`homer jobs` lists them.',
    });
  });

  test('51 a fault of ours tells an id that is in the log, and nothing else', async () => {
    const said = await ask(port, { path: '/api/v1/lanes' });
    expect(said.status).toBe(500);
    expect(said.text).not.toMatch(/SQLITE|\/home|\.ts:/);
    const id = /under ([0-9a-f]{12})/.exec(String(said.json['detail']))?.[1];
    const line = fixture.lines.find((each) => each.fields['faultId'] === id);
    expect(line?.level).toBe('error');
    expect(line?.fields['error']).toContain('SQLITE_ERROR');
  });

  test('the page of the API needs no token, runs nothing, and is not for other pages', async () => {
    const page = await ask(port, { path: '/docs/api', headers: { authorization: '' } });
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^;]+; base-uri 'none'/,
    );
    expect(page.text).toContain('id="jobs.create"');
    for (const path of ['/docs', '/docs/', '/docs/api/'])
      expect(await ask(port, { path, headers: { authorization: '' } })).toMatchObject({
        status: 302,
        headers: { location: '/docs/api' },
      });
    const foreign = await ask(port, { path: '/docs/api', headers: { origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
  });

  test('an unknown address and an unknown method are 404, but no more', async () => {
    for (const sent of [
      { path: '/api/v2/jobs' },
      { method: 'DELETE', path: '/api/v1/jobs' },
      { method: 'HEAD', path: '/livez' },
    ])
      expect((await ask(port, sent)).status).toBe(404);
  });

  test.each(['QUERY', 'PROPFIND', 'TRACE', 'PUT'])(
    "%s is refused as the client's mistake",
    async (method) => {
      for (const path of ['/api/v1/jobs', '/nothing']) {
        const said = await ask(port, { method, path });
        expect(said.status).toBeGreaterThanOrEqual(400);
        expect(said.status).toBeLessThan(500);
        expect(said.headers['content-type']).toBe('application/problem+json');
      }
    },
  );

  test('a flood of refusals is ten lines a second, and one with the count of the rest', async () => {
    const refused = Array.from({ length: 40 }, () => ask(port, { path: '/nothing' }));
    for (const said of await Promise.all(refused)) expect(said.status).toBe(404);
    await fixture.gateway.close();
    const lines = fixture.lines.filter(({ level }) => level === 'info');
    const told = lines.filter(({ message }) => message === 'request refused').length;
    const rest = lines.reduce((sum, { fields }) => sum + Number(fields['untold'] ?? 0), 0);
    expect(told + rest).toBe(40);
    expect(told).toBeGreaterThanOrEqual(10);
    expect(told).toBeLessThan(40);
  });

  test('49 what a client sends into the log stays one short line', async () => {
    const agent = `x\u001b[31m\u202e"}${'y'.repeat(9_000)}`;
    const head = `GET /nothing HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\nConnection: close\r\n`;
    await tell(port, `${head}User-Agent: ${agent}\r\n\r\n`);
    await ask(port, {
      path: `/${'%1b%0a'.repeat(300)}`,
      headers: { 'user-agent': `a\tb${'z'.repeat(300)}` },
    });
    const logged = fixture.lines.map((line) => JSON.stringify(line.fields)).join('\n');
    expect(logged).not.toContain('\\u001b');
    expect(logged).not.toContain(ownerToken);
    for (const line of fixture.lines)
      for (const value of Object.values(line.fields)) expect(String(value).length).toBeLessThanOrEqual(256);
  });

  test('the API is described as it is', async () => {
    const said = await ask(port, {
      path: '/openapi.json',
      headers: { authorization: `Bearer ${readToken}` },
    });
    expect(said.status).toBe(200);
    const paths = said.json['paths'] as Record<string, Record<string, Record<string, unknown>>>;
    expect(Object.keys(paths).sort()).toEqual([
      '/api/v1/events',
      '/api/v1/jobs',
      '/api/v1/jobs/{id}',
      '/api/v1/jobs/{id}/cancel',
      '/api/v1/lanes',
      '/api/v1/runs/{id}/stream',
      '/health',
      '/hooks/{name}',
      '/livez',
      '/metrics',
      '/readyz',
    ]);
    const post = paths['/api/v1/jobs']?.['post'];
    expect(post?.['operationId']).toBe('jobs.create');
    expect(post?.['parameters']).toEqual([
      { name: 'idempotency-key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 } },
    ]);
    expect(post?.['requestBody']).toMatchObject({
      required: true,
      content: { 'application/json': { schema: { required: ['prompt'], additionalProperties: false } } },
    });
  });
});

describe('the transport', () => {
  test('17 a slow head and a slow body are ended', async () => {
    await restart({ headersTimeoutMs: 300, requestTimeoutMs: 60_000 });
    expect(await tell(port, 'GET /livez HTTP/1.1\r\nHost: ')).toMatch(/^HTTP\/1.1 408/);
    await restart({ headersTimeoutMs: 300, requestTimeoutMs: 300 });
    const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    expect(await tell(port, `${head}{"prom`)).toMatch(/^HTTP\/1.1 408/);
    expect(await tell(port, '')).toMatch(/^(HTTP\/1.1 408|$)/);
    expect(fixture.seen).toEqual([]);
  });

  test('17 five hundred silent connections keep nobody waiting', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const socket = connect({ host: '127.0.0.1', port });
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const began = performance.now();
    expect((await ask(port)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(1_000);
    for (const socket of sockets) socket.destroy();
  });

  test('an answer that nobody takes is cut, and leaves memory', async () => {
    const cut = Promise.withResolvers<void>();
    const onRequest = (message: unknown): void => {
      (message as { socket: Socket }).socket.once('close', () => cut.resolve());
    };
    subscribe('http.server.request.start', onRequest);
    const large: Operation = {
      name: 'jobs.list',
      input: z.strictObject({}),
      output: z.object({ text: z.string() }),
      handle: async () => ({ output: { text: 'x'.repeat(50_000_000) } }),
    };
    await restart({ answerStallMs: 100 }, { operations: [large] });
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined).pause();
    socket.write(
      `GET /api/v1/jobs HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\n\r\n`,
    );
    await cut.promise;
    unsubscribe('http.server.request.start', onRequest);
    socket.destroy();
    // Whoever takes it gets the whole.
    expect((await ask(port, { path: '/api/v1/jobs' })).text.length).toBeGreaterThan(50_000_000);
  });

  test('60 requests that do not wait for the answers before them are not worked on', async () => {
    const { promise: free, resolve: answerAll } = Promise.withResolvers<void>();
    let asked = 0;
    const slow: Operation = {
      name: 'jobs.list',
      input: z.strictObject({}),
      output: z.object({}),
      handle: async () => {
        asked += 1;
        await free;
        return { output: {} };
      },
    };
    await restart({}, { operations: [slow] });
    const request = `GET /api/v1/jobs HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\n\r\n`;
    expect(await tell(port, request.repeat(500))).toBe('');
    expect(asked).toBeLessThanOrEqual(1);
    answerAll();
    // One after the other they are answered, over the same connection.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; count < 20; count++)
      expect((await ask(port, { path: '/api/v1/jobs', agent })).status).toBe(200);
    agent.destroy();
  });

  test('there are only so many connections, and room again when they have gone', async () => {
    await restart({ mostConnections: 3 });
    const sockets = Array.from({ length: 3 }, () => connect({ host: '127.0.0.1', port }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await expect(ask(port)).rejects.toThrow();
    const [first] = sockets;
    first?.end();
    if (first !== undefined) await once(first.resume(), 'close');
    expect((await ask(port)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    expect(gatewayLimits.mostConnections).toBe(512);
  });

  test.each([
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    ['a bare line feed', 'X: a\nY: b\r\n\r\n'],
    ['chunked twice', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'X: a\r\n b\r\n\r\n'],
  ])('18 %s: refused, and the connection closed', async (_what, rest) => {
    const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${ownerToken}\r\nContent-Type: application/json\r\n`;
    expect(await tell(port, head + rest)).toMatch(/^HTTP\/1.1 4\d\d/);
    expect(fixture.seen).toEqual([]);
  });

  test('a head of 20 kB is refused', async () => {
    const answer = await tell(
      port,
      `GET /livez HTTP/1.1\r\nHost: localhost:${port}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 431/);
  });
});
