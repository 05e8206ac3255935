// /readyz over a ledger that is there, and the one probe that answers many.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReadiness } from '../../src/health/readiness.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { ask, startFixture } from './gateway-fixture.ts';
import { openLedgerIn } from './ledger-room.ts';

let home: string;
let ledger: Ledger;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'homer-ready-'));
  mkdirSync(join(home, 'backups'));
  ledger = await openLedgerIn(home);
});
afterEach(() => {
  ledger.close('drained');
  rmSync(home, { recursive: true, force: true });
});

test('ready while the ledger takes writes and the engine answers; one probe answers all who ask meanwhile', async () => {
  let now = 0;
  let probes = 0;
  let isEngineWell = true;
  const engine = {
    depth: async () => {
      probes += 1;
      if (!isEngineWell) throw new Error('the engine is stuck');
      return [];
    },
  };
  const isReady = createReadiness({ ledger, engine, home, now: () => now });
  expect(await Promise.all([isReady(), isReady(), isReady()])).toEqual([true, true, true]);
  isEngineWell = false;
  expect(await isReady()).toBe(true);
  expect(probes).toBe(1);
  now += 5_000;
  expect(await isReady()).toBe(false);
  isEngineWell = true;
  now += 5_000;
  expect(await isReady()).toBe(true);
});

test('a ledger that takes no write is not ready, and a directory that is gone neither', async () => {
  const engine = { depth: async () => [] };
  const isReady = createReadiness({ ledger, engine, home: join(home, 'gone'), now: () => 0 });
  expect(await isReady()).toBe(false);
  const other = createReadiness({ ledger, engine, home, now: () => 0 });
  ledger.close('drained');
  expect(await other()).toBe(false);
});

test('whoever asks the gateway is told in one word', async () => {
  let isReady = false;
  const fixture = await startFixture({}, { isReady: async () => isReady });
  try {
    const { port } = fixture;
    expect(await ask(port, { path: '/readyz' })).toMatchObject({ status: 503, json: { status: 'unready' } });
    isReady = true;
    expect(await ask(port, { path: '/readyz' })).toMatchObject({ status: 200, json: { status: 'ready' } });
    expect((await ask(port, { path: '/livez' })).text).toBe('ok');
  } finally {
    await fixture.gateway.close();
  }
});
