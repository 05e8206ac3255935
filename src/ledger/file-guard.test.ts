import { mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger, type Ledger } from './ledger.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-guard-'));
  mkdirSync(join(home, 'backups'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function open(): Promise<Ledger> {
  const boot = { bootId: 'b', hostBootId: null, pid: process.pid, version: '0' };
  return openLedger({ file: join(home, 'homer.db'), backups: join(home, 'backups'), boot, now: Date.now });
}

async function pause(ledger: Ledger, lane: string): Promise<void> {
  await ledger.commit(() => ledger.lanes.setPaused(lane, true, Date.now()));
}

test.each(['homer.db-wal', 'homer.db'])('what was acknowledged outlives the deletion of %s', async (name) => {
  const first = await open();
  await pause(first, 'before');
  expect(first.isInPlace()).toBe(true);
  unlinkSync(join(home, name));
  await pause(first, 'after');
  expect(first.isInPlace()).toBe(false);
  first.close('crashed');
  const second = await open();
  expect([...second.lanes.paused()].sort()).toEqual(['after', 'before']);
  second.close('drained');
});

test('a file that was put in its place is left alone, and the ledger saved among the backups', async () => {
  const ledger = await open();
  await pause(ledger, 'mine');
  unlinkSync(join(home, 'homer.db'));
  writeFileSync(join(home, 'homer.db'), 'something else');
  expect(ledger.isInPlace()).toBe(false);
  ledger.close('crashed');
  expect(readdirSync(join(home, 'backups'))).toEqual([expect.stringMatching(/^saved-\d+\.db$/)]);
});
