// A corpus of requests that are bent and broken at random, over real sockets to a daemon. Nothing may crash, answer 5xx, or keep
// /livez waiting. HOMER_MUTATIONS says how many, those of websocket-corpus.test.ts included; HOMER_SEED repeats a run.

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom, makeTokens, mutations, seed, whileAnswering } from './bent.ts';
import { openRoom, type Room } from './cli-process.ts';

const count = Math.round(mutations * 0.6);
/** Connections: each more is work for the daemon that others wait behind. */
const atOnce = 10;
/** Requests on one connection, as far as they leave it usable. */
const inLine = 8;

let room: Room;
let port: number;
let pid: number;
let tokens: readonly string[];
beforeAll(async () => {
  room = await openRoom();
  const { code, stderr } = await room.run(['start'], { env: { HOMER_LOG: 'error' } });
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  ({ port, pid } = JSON.parse(readFileSync(join(room.home, 'daemon.json'), 'utf8')) as {
    port: number;
    pid: number;
  });
  tokens = await makeTokens(port, readFileSync(join(room.home, 'token'), 'utf8').trim(), 4);
});
afterAll(() => room.close());

const id = '0123456789abcdefghj';
const bodies = [
  '{"prompt":"true","executor":"shell","lane":"nowhere"}',
  '{"prompt":"true","executor":"shell","runAfter":"2099-01-01T00:00:00Z","maxAttempts":3,"notify":"web"}',
  '{"name":"ci","scopes":["read","operate"],"expiresAt":"2020-01-01T00:00:00Z"}',
  '{"name":"x","spec":"0 8 * * 1-5","kind":"cron","prompt":"true","timeZone":"Europe/Rome"}',
  '{"text":"in 20 minutes to call Bob","timeZone":"Europe/Rome"}',
  '{"scope":"session"}',
  '{}',
];
const targets = [
  'GET /api/v1/jobs?state=failed&limit=5',
  `GET /api/v1/jobs/j${id}`,
  `GET /api/v1/jobs/j${id}/wait?timeoutMs=1`,
  'POST /api/v1/jobs',
  `POST /api/v1/jobs/j${id}/cancel`,
  `POST /api/v1/approvals/a${id}/allow`,
  'POST /api/v1/tokens',
  `DELETE /api/v1/tokens/t${id}`,
  'GET /api/v1/audit?limit=5&refused=true',
  'POST /api/v1/schedules',
  `PATCH /api/v1/schedules/c${id}`,
  'POST /api/v1/reminders',
  'GET /api/v1/deliveries?state=dead',
  `GET /api/v1/runs/r${id}/stream`,
  'GET /api/v1/spending?day=2026-01-01',
  'POST /hooks/github',
  'GET /login?code=x',
  'GET /livez',
];
const spices = [
  '\0',
  '\r\n',
  '\n',
  '%00',
  '%2e%2e%2f',
  '__proto__',
  '{"a":',
  '[[[[[[[[',
  '1e999',
  '-1',
  '99999999999999999999',
  '\u202e',
  '\ud800',
  '"',
  '\\u0000',
  "' OR 1=1 --",
  'null',
  ': ',
  'Transfer-Encoding: chunked\r\n',
  'x'.repeat(300),
];

function mutate(text: string, random: () => number, most: number): string {
  let bent = text;
  for (let times = Math.floor(random() * most); times > 0; times--) {
    const at = Math.floor(random() * (bent.length + 1));
    const length = Math.floor(random() * 6);
    const spice = spices[Math.floor(random() * spices.length)] ?? '';
    const piece =
      random() < 0.4
        ? spice
        : random() < 0.5
          ? String.fromCharCode(random() * 256)
          : bent.slice(at, at + length);
    bent = bent.slice(0, at) + piece + bent.slice(random() < 0.5 ? at : at + length);
  }
  return bent;
}

/** One request: of good parts with faults in one or all of them. */
function makeRequest(random: () => number): { readonly bytes: Buffer; readonly isLast: boolean } {
  const pick = <Value>(all: readonly Value[]): Value => all[Math.floor(random() * all.length)] as Value;
  const where = random();
  const token = pick(tokens);
  // It is large, and always the same.
  let line = random() < 0.002 ? 'GET /openapi.json' : pick(targets);
  let body = line.startsWith('P') ? pick(bodies) : '';
  if (where < 0.35) line = mutate(line, random, 4);
  else if (where < 0.8) body = mutate(body, random, 6);
  const bytes = Buffer.from(body, random() < 0.9 ? 'utf8' : 'latin1');
  const length = random() < 0.97 ? bytes.length : Math.floor(random() * 50);
  let head = `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${random() < 0.9 ? token : mutate(token, random, 2)}\r\n`;
  if (bytes.length > 0) head += `Content-Type: application/json\r\nContent-Length: ${length}\r\n`;
  if (random() < 0.2) head += `Idempotency-Key: ${mutate('key', random, 3)}\r\n`;
  if (random() < 0.1) head += `Sec-Fetch-Site: ${pick(['none', 'same-origin', 'cross-site'])}\r\n`;
  if (where > 0.9) head = mutate(head, random, 3);
  return {
    bytes: Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]),
    // After a broken head or a false length nothing on this connection can be told apart any more.
    isLast: where < 0.35 || where > 0.9 || length !== bytes.length,
  };
}

/** Sends requests on one connection, each when the one before is answered; resolves with the status codes of what came back. */
function send(requests: readonly Buffer[]): Promise<number[]> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const statuses: number[] = [];
    let unread = '';
    const done = (): void => {
      clearTimeout(quiet);
      socket.destroy();
      resolve(statuses);
    };
    const sendNext = (): void => {
      const next = requests[statuses.length];
      if (next === undefined) done();
      else socket.write(next);
    };
    // A request that was left unfinished is waited for by the daemon, and by nobody here: it is told that there is no more.
    const quiet = setTimeout(() => socket.end(), 20);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      unread += text;
      quiet.refresh();
      const [head, status, lines = ''] = /HTTP\/1\.1 (\d{3}) ([\s\S]*?)\r\n\r\n/.exec(unread) ?? [];
      if (head === undefined) return;
      const length = /content-length: (\d+)/i.exec(lines)?.[1];
      if (length !== undefined && unread.length < head.length + Number(length)) return;
      statuses.push(Number(status));
      unread = '';
      // What has no length is told apart from what comes next by nobody here.
      if (length === undefined) done();
      else sendNext();
    });
    socket.on('error', done);
    socket.on('close', done);
    sendNext();
  });
}

test(
  `${count} bent requests: none crashes it, is answered 5xx, or keeps /livez waiting (seed ${seed})`,
  { timeout: 60_000 + count * 5 },
  async () => {
    const random = createRandom(seed);
    const statuses = new Map<number, number>();
    let left = count;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        const requests: Buffer[] = [];
        for (let isLast = false; !isLast && requests.length < inLine;) {
          const made = makeRequest(random);
          requests.push(made.bytes);
          isLast = made.isLast;
        }
        left -= requests.length;
        for (const status of await send(requests)) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status >= 500) console.error(requests.map(String).join('\n---\n'));
        }
      }
    };
    await whileAnswering(port, () => Promise.all(Array.from({ length: atOnce }, worker)));
    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    // Something of everything, or the corpus says nothing.
    for (const status of [200, 400, 401, 404]) expect(statuses.get(status) ?? 0).toBeGreaterThan(0);
    const answered = [...statuses.values()].reduce((sum, each) => sum + each, 0);
    expect(answered).toBeGreaterThan(count / 2);
    expect((JSON.parse(readFileSync(join(room.home, 'daemon.json'), 'utf8')) as { pid: number }).pid).toBe(
      pid,
    );
    const log = readFileSync(join(room.home, 'logs', 'daemon.log'), 'utf8');
    expect(log).not.toMatch(/"level":"(error|fatal)"/);
  },
);
