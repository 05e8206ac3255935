// The canary while clocks are set and machines sleep: a real ledger with a clock that is moved, and nobody who does its jobs.

import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { canaryName, canarySource } from '../../src/core/canary.ts';
import { Canary } from '../../src/health/canary.ts';
import { Troubles } from '../../src/health/condition.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLog } from '../../src/lifecycle/log.ts';
import { draft, openLedgerIn } from './ledger-room.ts';

const everyMs = 600_000;
const yearMs = 365 * 86_400_000;
let home: string;
let ledger: Ledger;
let canary: Canary;
let sent: number;
/** Of the wall clock; timers do not know of it. */
let skew: number;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  home = mkdtempSync(join(tmpdir(), 'homer-canary-clock-'));
  mkdirSync(join(home, 'backups'));
  skew = 0;
  sent = 0;
  ledger = await openLedgerIn(home, { now: () => Date.now() + skew });
  canary = new Canary({
    ledger,
    everyMs: () => everyMs,
    prepare: () => () => {
      sent += 1;
      const own = { lane: canaryName, executor: canaryName, source: canarySource, prompt: randomUUID() };
      ledger.jobs.accept(draft(own), ledger.now());
    },
    removeRuns: async () => undefined,
    troubles: new Troubles(),
    log: createLog({ level: 'silent' }),
    onError: (error) => {
      throw error;
    },
  });
  await canary.start();
});
afterEach(async () => {
  await canary.stop();
  ledger.close('drained');
  vi.useRealTimers();
  rmSync(home, { recursive: true });
});

test('a clock that is set back does not put the next one off for as long', async () => {
  skew = -yearMs;
  await vi.advanceTimersByTimeAsync(2 * everyMs);
  await expect.poll(() => sent).toBe(1);
  expect(canary.look().dueAt).toBeLessThanOrEqual(ledger.now() + everyMs);
});

test('a machine that wakes up is not down: one that was not tried to be sent is not late', async () => {
  skew = 8 * 3_600_000;
  expect(canary.look().state.is).toBe('waiting');
  await vi.advanceTimersByTimeAsync(everyMs);
  await expect.poll(() => sent).toBe(1);
});
