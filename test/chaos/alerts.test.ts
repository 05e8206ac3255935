// Alerts of a real daemon: to a webhook, to ntfy and as a ping; over kill -9; and to nobody they were not meant for.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../bench/redis-server.ts';
import { AlertService } from '../../src/alerts/alerts.ts';
import { sendOut } from '../../src/alerts/outgoing.ts';
import { buildAlerts } from '../../src/config/alerts.ts';
import type { AlertReading } from '../../src/core/alerts.ts';
import type { AlertsView } from '../../src/operations/alerts.ts';
import { openLedgerIn } from '../e2e/ledger-room.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';

interface Seen {
  readonly path: string;
  readonly method: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

let server: Server;
let base: string;
let seen: Seen[];
let answer: (request: IncomingMessage) => { status: number; headers?: Record<string, string> };
let home: ChaosHome | null = null;

beforeEach(async () => {
  seen = [];
  answer = () => ({ status: 200 });
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const { url = '', method = '', headers } = request;
      seen.push({ path: url, method, authorization: headers.authorization, body });
      const { status, headers: more } = answer(request);
      response.writeHead(status, more).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await home?.remove();
  home = null;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('a test goes to everybody, through the outbox, and no address is told anywhere', async () => {
  home = createChaosHome({
    config: {
      alerts: {
        to: {
          hook: { webhook: `${base}/hook/secret-of-the-hook` },
          phone: { ntfy: `${base}/topic`, token: 'secret-of-ntfy' },
        },
      },
    },
  });
  const daemon = home.start();
  await daemon.ready;
  const sent = await daemon.ask<{ deliveries: string[] }>('POST', '/api/v1/alerts/test', {});
  expect(sent.body.deliveries).toHaveLength(2);
  await expect.poll(() => seen.length).toBe(2);
  const hook = seen.find(({ path }) => path === '/hook/secret-of-the-hook');
  expect(JSON.parse(hook?.body ?? '')).toMatchObject({
    source: 'homer',
    text: expect.stringContaining('test') as string,
  });
  expect(seen.find(({ path }) => path === '/topic')).toMatchObject({
    authorization: 'Bearer secret-of-ntfy',
    body: expect.stringContaining('test') as string,
  });
  const deliveries = await daemon.ask('GET', '/api/v1/deliveries');
  const config = await daemon.ask<{ config: object }>('GET', '/api/v1/config');
  expect(JSON.stringify(deliveries.body)).toContain('alert:hook');
  const told = [
    JSON.stringify(deliveries.body),
    JSON.stringify(config.body.config),
    daemon.lines().join('\n'),
  ].join();
  expect(told).not.toMatch(/secret-of-/);
  const stolen = { prompt: 'x', executor: 'once', notify: 'alert:hook' };
  expect((await daemon.ask('POST', '/api/v1/jobs', stolen)).status).toBe(400);

  const made = await daemon.ask<{ silence: { id: string } }>('POST', '/api/v1/alerts/silences', {
    ...{ rule: 'disk', for: '1h' },
  });
  const list = await daemon.ask<AlertsView>('GET', '/api/v1/alerts');
  expect(list.body).toMatchObject({ alerts: [], to: ['hook', 'phone'], silences: [{ rule: 'disk' }] });
  const { id } = made.body.silence;
  expect((await daemon.ask('DELETE', `/api/v1/alerts/silences/${id}`)).status).toBe(200);
  expect((await daemon.ask('DELETE', `/api/v1/alerts/silences/${id}`)).status).toBe(404);
});

test('nobody to tell: no test, and no silence about it', async () => {
  home = createChaosHome();
  const daemon = home.start();
  await daemon.ready;
  expect(await daemon.ask('POST', '/api/v1/alerts/test', {})).toMatchObject({
    status: 409,
    body: { code: 'HOMER_ALERTS_OFF' },
  });
});

test('what fired before a kill is not sent again, and its end still is', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'homer-alerts-'));
  mkdirSync(join(directory, 'backups'));
  let now = Date.now();
  let readings: AlertReading[] = [{ rule: 'disk', subject: '', value: 1, text: 'Hardly anything is free.' }];
  const config = buildAlerts(
    { to: { hook: { webhook: base } }, rules: { disk: { for: '1s' } }, ping: `${base}/ping` },
    (secret) => ({ text: String(secret) }),
  );
  let isReady = true;
  const open = async () => {
    const ledger = await openLedgerIn(directory, { now: () => now });
    const service = new AlertService({
      ledger,
      config: () => config,
      read: async () => readings,
      isReady: async () => isReady,
      resolve: async (ref) => ('text' in ref ? ref.text : ''),
      onError: (error) => {
        throw error;
      },
    });
    return { ledger, service };
  };
  const outbox = (ledger: Awaited<ReturnType<typeof open>>['ledger']): string[] =>
    ledger.deliveries
      .list({ limit: 10 })
      .map(({ text: said }) => said.split('\n')[1] ?? '')
      .toReversed();
  const first = await open();
  await first.service.look();
  now += 2_000;
  await first.service.look();
  await first.service.look();
  expect(outbox(first.ledger)).toEqual([expect.stringMatching(/^🔴 disk: Hardly/)]);
  // Neither stopped nor drained: only what is on disk is left.
  first.ledger.close('crashed');

  const second = await open();
  now += 2_000;
  await second.service.look();
  expect(outbox(second.ledger)).toHaveLength(1);
  readings = [];
  await second.service.look();
  now += 2_000;
  await second.service.look();
  await second.service.look();
  expect(outbox(second.ledger)).toEqual([
    expect.stringMatching(/^🔴/),
    expect.stringMatching(/^🟢 disk: well again after/),
  ]);
  expect(second.ledger.alerts.all()).toEqual([]);

  const pings = (): number => seen.filter(({ path }) => path === '/ping').length;
  const before = pings();
  expect(before).toBeGreaterThan(0);
  isReady = false;
  await second.service.look();
  expect(pings()).toBe(before);
  second.ledger.close('drained');
  rmSync(directory, { recursive: true });
});

test('what goes out follows no redirect, tells no address, and says what may be tried again', async () => {
  const { signal } = new AbortController();
  const post = (path: string) => sendOut({ url: `${base}${path}`, method: 'POST', body: 'x' }, signal);
  answer = () => ({ status: 302, headers: { location: '/elsewhere' } });
  expect(await post('/secret')).toMatchObject({ is: 'permanent' });
  expect(seen.map(({ path }) => path)).toEqual(['/secret']);
  answer = () => ({ status: 503, headers: { 'retry-after': '7' } });
  expect(await post('/secret')).toMatchObject({ is: 'temporary', retryAfterMs: 7_000 });
  answer = () => ({ status: 404 });
  const refused = await post('/secret');
  expect(refused).toMatchObject({ is: 'permanent' });
  expect(JSON.stringify(refused)).not.toContain('secret');
  expect(await sendOut({ url: 'file:///etc/passwd', method: 'GET' }, signal)).toMatchObject({
    is: 'permanent',
  });
  expect(
    await sendOut({ url: `http://127.0.0.1:${await freePort()}/secret`, method: 'GET' }, signal),
  ).toMatchObject({
    is: 'temporary',
    reason: expect.not.stringContaining('secret') as string,
  });
});

test('a password with a bare % in an address keeps no daemon from its start, nor any secret from being hidden', async () => {
  const { host } = new URL(base);
  home = createChaosHome({
    config: {
      alerts: {
        to: {
          bare: { webhook: `http://ann:secret%zz-of-ann@${host}/bare` },
          hook: { webhook: `${base}/hook/secret-of-the-hook` },
        },
      },
    },
  });
  const daemon = home.start();
  await daemon.ready;
  await daemon.ask('POST', '/api/v1/alerts/test', {});
  await expect
    .poll(() => seen.map(({ path }) => path).toSorted())
    .toEqual(['/bare', '/hook/secret-of-the-hook']);
  const basic = `Basic ${Buffer.from('ann:secret%zz-of-ann').toString('base64')}`;
  expect(seen.find(({ path }) => path === '/bare')).toMatchObject({ authorization: basic });
  const text = `${base}/hook/secret-of-the-hook secret%zz-of-ann`;
  const said = await daemon.ask('POST', '/api/v1/messages', { text, to: 'web' });
  expect(JSON.stringify(said.body)).not.toMatch(/secret/);
});
