// Bull Board at /admin/jobs of a real daemon, with either engine: in a real browser, and over HTTP. What is done there
// happens in the ledger.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../../bench/redis-server.ts';
import { createBoard } from '../../src/daemon/board.ts';
import { EmbeddedEngine } from '../../src/engine/embedded.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import type { JobView } from '../../src/operations/job-view.ts';
import type { ChaosDaemon } from '../chaos/chaos-daemon.ts';
import { createChaosHome, type ChaosHome, type ChaosJob } from '../chaos/chaos-home.ts';
import { openBrowser, type TestBrowser } from './browser.ts';
import { ask, performerOf, readToken, startFixture } from './gateway-fixture.ts';
import { openLedgerIn } from './ledger-room.ts';

interface BoardQueue {
  readonly name: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly jobs: readonly { readonly id: string; readonly name: string; readonly failedReason: string }[];
  readonly readOnlyMode: boolean;
  readonly isPaused: boolean;
}

const later = new Date(Date.now() + 86_400_000).toISOString();

describe.each(['embedded', 'bullmq'] as const)('with the engine %s', (kind) => {
  let home: ChaosHome;
  let redis: RedisServer;
  let daemon: ChaosDaemon;
  let browser: TestBrowser;
  let url: string;
  let authorization: string;
  let running: ChaosJob;
  const ids: Record<'done' | 'bad' | 'runs' | 'delayed' | 'held', string> = {
    done: '',
    bad: '',
    runs: '',
    delayed: '',
    held: '',
  };

  beforeAll(async () => {
    home = createChaosHome({
      config: (executors) => ({
        executors: {
          ...executors,
          echo: { kind: 'command', argv: ['printf', '%s', '{prompt}'] },
          broken: { kind: 'command', argv: ['sh', '-c', 'echo "no such thing" >&2; exit 3', '{prompt}'] },
        },
        lanes: { default: { concurrency: 4 }, quiet: {} },
        engine: kind === 'embedded' ? { kind } : { kind, url: { env: 'REDIS_URL' } },
      }),
    });
    redis = await startRedis(join(home.base, 'redis'), 'nothing');
    home.env['REDIS_URL'] = `redis://127.0.0.1:${redis.port}`;
    daemon = home.start();
    await daemon.ready;
    url = `http://127.0.0.1:${(await readRecord(home.path))?.port ?? 0}`;
    authorization = `Bearer ${readFileSync(join(home.path, 'token'), 'utf8').trim()}`;
    await daemon.ask('POST', '/api/v1/lanes/quiet/pause', {});
    const send = async (job: Record<string, unknown>): Promise<string> => {
      const { body } = await daemon.ask<{ job: JobView }>('POST', '/api/v1/jobs', job);
      return body.job.id;
    };
    running = home.plan('once', true);
    ids.runs = (await home.submit(daemon, running)).id;
    ids.done = await send({ prompt: 'Say <b>hello</b>', executor: 'echo' });
    ids.bad = await send({ prompt: 'Break', executor: 'broken' });
    ids.delayed = await send({ prompt: 'Tomorrow', executor: 'echo', runAfter: later });
    ids.held = await send({ prompt: 'Held', executor: 'echo', lane: 'quiet' });
    await daemon.untilJob(ids.done, ({ state }) => state === 'succeeded');
    await daemon.untilJob(ids.bad, ({ state }) => state === 'failed');
    await running.began();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await home.remove();
    await redis.stop();
  });

  const board = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}/admin/jobs${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const queues = async (query = ''): Promise<readonly BoardQueue[]> => {
    const answer = await board('GET', `/api/queues${query}`);
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { queues: BoardQueue[] }).queues;
  };
  const lane = async (name: string, status: string): Promise<BoardQueue> => {
    const all = await queues(`?activeQueue=${name}&status=${status}&page=1&jobsPerPage=10`);
    const found = all.find((queue) => queue.name === name);
    if (found === undefined) throw new Error(`There is no ${name} on the board.`);
    return found;
  };

  test('it is shown in a browser, asks nobody else for anything, and breaks no rule of its page', async () => {
    const login = await daemon.ask<{ url: string }>('POST', '/api/v1/logins', {});
    const { page, complaints } = await browser.visit(login.body.url);
    await page.goto(`${url}/admin/jobs`);
    await page.getByRole('link', { name: 'quiet' }).first().waitFor();
    await page.goto(`${url}/admin/jobs/queue/default?status=completed`);
    await page.getByText('echo: Say <b>hello</b>').waitFor();
    await page.goto(`${url}/admin/jobs/queue/default/${ids.bad}`);
    await page.getByText('The command exited with code 3').waitFor();
    await page
      .getByRole('tab', { name: 'Logs' })
      .or(page.getByRole('button', { name: 'Logs' }))
      .click();
    await page.getByText('no such thing').last().waitFor();
    if (kind === 'bullmq') {
      await page.goto(`${url}/admin/jobs/queue/redis%3Adefault`);
      await page.getByText('Offers on their way through Redis').first().waitFor();
    }
    // The cookie of the login acts, too, for what the page itself asks.
    await page.goto(`${url}/admin/jobs/queue/quiet`);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'PUT'),
      page.evaluate("fetch('/admin/jobs/api/queues/quiet/pause', { method: 'PUT' })"),
    ]);
    expect(answer.status()).toBe(200);
    expect(complaints).toEqual([]);
    const [cookie] = await page.context().cookies();
    const stolen = await fetch(`${url}/admin/jobs/api/queues/quiet/resume`, {
      method: 'PUT',
      headers: { cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}`, 'sec-fetch-site': 'cross-site' },
    });
    expect(stolen.status).toBe(403);
  });

  test('it lists the jobs of each lane by their state', async () => {
    const { counts } = await lane('default', 'latest');
    expect(counts).toEqual({ active: 1, waiting: 0, paused: 0, completed: 1, failed: 1, delayed: 1 });
    expect((await lane('quiet', 'waiting')).jobs).toMatchObject([{ id: ids.held, name: 'echo: Held' }]);
    expect((await lane('default', 'active')).jobs).toMatchObject([{ id: ids.runs }]);
    const [failed] = (await lane('default', 'failed')).jobs;
    expect(failed).toMatchObject({ id: ids.bad });
    expect(failed?.failedReason).toContain('HOMER_AGENT_ERROR');
    const logs = await board('GET', `/api/queues/default/${ids.bad}/logs`);
    expect(await logs.text()).toContain('no such thing');
    const metrics = (await (await board('GET', '/api/queues/default/metrics')).json()) as {
      completed: { meta: { count: number } };
      failed: { meta: { count: number } };
    };
    expect([metrics.completed.meta.count, metrics.failed.meta.count]).toEqual([1, 1]);
    expect(await queues()).toHaveLength(kind === 'bullmq' ? 3 : 2);
  });

  test('what is done there is done in the ledger, and stands in the audit', async () => {
    expect((await board('PUT', `/api/queues/default/${ids.bad}/retry`)).status).toBe(204);
    const again = await daemon.untilJob(
      ids.bad,
      ({ state, runs }) => state === 'failed' && runs.length === 2,
    );
    expect(again.attempts).toBe(1);
    expect((await board('PUT', `/api/queues/default/${ids.delayed}/promote`)).status).toBe(204);
    await daemon.untilJob(ids.delayed, ({ state }) => state === 'succeeded');
    expect((await board('PUT', '/api/queues/quiet/clean/wait')).status).toBe(200);
    expect((await daemon.job(ids.held)).state).toBe('cancelled');
    expect((await board('PUT', '/api/queues/quiet/resume')).status).toBe(200);
    expect((await lane('quiet', 'latest')).isPaused).toBe(false);
    expect((await board('PUT', `/api/queues/default/${ids.runs}/clean`)).status).toBe(204);
    await daemon.untilJob(ids.runs, ({ state }) => state === 'cancelled');
    const audit = await daemon.ask('GET', '/api/v1/audit?limit=100');
    expect(JSON.stringify(audit.body)).toContain('"board"');
  });

  test('what would pass the ledger by is refused, with the reason', async () => {
    expect((await board('PUT', '/api/queues/quiet/pause')).status).toBe(200);
    const refusals: readonly [string, string, unknown, string][] = [
      ['PUT', `/api/queues/default/${ids.done}/clean`, undefined, 'stays in the ledger'],
      ['PUT', '/api/queues/default/clean/completed', undefined, 'stays in the ledger'],
      ['PUT', '/api/queues/quiet/obliterate', { force: true }, 'Cancel those'],
      ['PUT', '/api/queues/default/concurrency', { concurrency: 9 }, 'config.yaml'],
      ['POST', '/api/queues/default/add', { name: 'x', data: {}, options: {} }, 'homer run'],
      ['PATCH', `/api/queues/default/${ids.done}/update-data`, { jobData: {} }, 'not changed afterwards'],
    ];
    for (const [method, path, body, reason] of refusals) {
      const answer = await board(method, path, body);
      expect([path, answer.status]).toEqual([path, 409]);
      expect(await answer.text()).toContain(reason);
    }
    if (kind === 'bullmq') {
      const native = await board('PUT', '/api/queues/redis%3Adefault/pause');
      expect(native.status).toBe(405);
    }
  });

  test('without a token there is nothing, and nothing outside its files is served', async () => {
    for (const path of ['', '/static/js/main.js', '/api/queues'])
      expect((await fetch(`${url}/admin/jobs${path}`)).status).toBe(401);
    for (const path of [
      '/static/..%2findex.ejs',
      '/static/../index.ejs',
      '/static/%2e%2e/index.ejs',
      '/nothing',
    ])
      expect((await board('GET', path)).status).toBe(404);
    const page = await board('GET', '');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(await page.text()).not.toMatch(/https?:\/\//);
    const foreign = await fetch(`${url}/admin/jobs/api/queues/pause`, {
      method: 'PUT',
      headers: { authorization, origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(403);
  });
});

test('who may only read sees the board and moves nothing on it', async () => {
  const home = createChaosHome();
  const ledger = await openLedgerIn(home.base);
  const lanes = () => ({ default: { concurrency: 1, rate: null } });
  const engine = new EmbeddedEngine({ ledger, lanes, onError: () => undefined });
  const performer = performerOf({});
  const board = createBoard({ ledger, engine, home: home.path, lanes, performer });
  const { gateway, port } = await startFixture({}, { performer, board });
  try {
    const headers = { authorization: `Bearer ${readToken}` };
    const shown = await ask(port, { path: '/admin/jobs/api/queues', headers });
    expect(shown.json).toMatchObject({ queues: [{ name: 'default', readOnlyMode: true }] });
    for (const [method, path] of [
      ['PUT', '/admin/jobs/api/queues/default/pause'],
      ['PUT', '/admin/jobs/api/queues/pause'],
      ['POST', '/admin/jobs/api/queues/default/add'],
    ] as const) {
      const refused = await ask(port, { method, path, headers });
      expect(refused.status).toBe(403);
      expect(refused.text).toContain('HOMER_SCOPE_MISSING');
    }
  } finally {
    await gateway.close();
    await engine.close();
    ledger.close('drained');
    await home.remove();
  }
});
