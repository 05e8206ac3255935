// Backups by themselves: when one is made, when none is, and what is said when it cannot be.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Backups, type BackupsOptions } from '../../src/backup/backups.ts';
import type { BackupConfig } from '../../src/config/backup.ts';
import type { HomerError } from '../../src/core/errors.ts';
import { backupName, listBackups } from '../../src/ledger/backup-names.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLog } from '../../src/lifecycle/log.ts';
import { accept, openLedgerIn } from './ledger-room.ts';

const pace = { settleMs: 10, firstMs: 20, retryMs: 20, longestWaitMs: 20 };
let home: string;
let ledger: Ledger;
let backups: Backups;
let config: BackupConfig;
/** How far the ledger's clock is ahead, ms. */
let skew: number;
/** What was told, the next of it to come. */
let told: PromiseWithResolvers<HomerError | null>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'homer-schedule-'));
  mkdirSync(join(home, 'backups'));
  skew = 0;
  ledger = await openLedgerIn(home, { now: () => Date.now() + skew });
  const keep = { hourly: 1, daily: 0, weekly: 0 };
  config = { everyMs: 30, keep, directory: null, recipients: [] };
  told = Promise.withResolvers();
  backups = openBackups();
});
afterEach(async () => {
  await backups.stop();
  ledger.close('drained');
  rmSync(home, { recursive: true });
});

function openBackups(of: Partial<BackupsOptions> = {}): Backups {
  return new Backups({
    ledger,
    home,
    userHome: home,
    env: process.env,
    version: '0',
    config: () => config,
    log: createLog({ level: 'silent' }),
    pace,
    onTrouble: (trouble) => told.resolve(trouble),
    ...of,
  });
}

function next(): Promise<HomerError | null> {
  told = Promise.withResolvers();
  return told.promise;
}

const made = (): number[] => listBackups(join(home, 'backups')).map(({ madeAt }) => madeAt);

test('one when it is due, none while nothing is written, and of an hour only the newest stays', async () => {
  writeFileSync(join(home, 'backups', '.unfinished-of-a-dead-daemon.db'), '');
  writeFileSync(join(home, 'backups', 'of-a-person.db'), '');
  const first = next();
  await backups.start();
  expect(await first).toBeNull();
  const [one] = made();
  expect(backups.state()).toMatchObject({ lastVerifiedAt: one, isCurrent: true });
  expect(await next()).toBeNull();
  expect(await next()).toBeNull();
  // A probe writes nothing that a backup is for.
  await ledger.probe();
  expect(backups.state().isCurrent).toBe(true);
  expect(made()).toEqual([one]);
  await accept(ledger);
  expect(backups.state().isCurrent).toBe(false);
  await expect.poll(() => made()[0] !== one && made().length === 1, { timeout: 30_000 }).toBe(true);
  expect(readdirSync(join(home, 'backups')).sort()).toEqual([
    expect.stringMatching(/^homer-/),
    'of-a-person.db',
  ]);
});

test('a directory that cannot be written to is told, and over when it can be', async () => {
  writeFileSync(join(home, 'in-the-way'), '');
  config = { ...config, directory: join(home, 'in-the-way', 'below') };
  const first = next();
  await backups.start();
  expect(await first).toMatchObject({ code: 'HOMER_BACKUP_FAILED' });
  config = { ...config, directory: null };
  await expect.poll(() => next(), { timeout: 30_000 }).toBeNull();
  expect(made()).toHaveLength(1);
});

test('off makes none, and whoever stops it in the middle of one leaves nothing behind', async () => {
  config = { ...config, everyMs: null };
  await backups.start();
  expect(backups.state()).toMatchObject({ lastVerifiedAt: null, nextAt: null });
  const asked = backups.make({ to: null, recipients: null });
  const refused = expect(asked).rejects.toMatchObject({ code: 'HOMER_DRAINING' });
  await backups.stop();
  await refused;
  expect(readdirSync(join(home, 'backups'))).toEqual([]);
});

test('a backup that is dated ahead is no reason to make one after the other, and takes the place of none', async () => {
  const ahead = Date.now() + 365 * 86_400_000;
  writeFileSync(join(home, 'backups', backupName(ahead, false)), '');
  config = { ...config, everyMs: 3_600_000 };
  const first = next();
  await backups.start();
  expect(await first).toBeNull();
  const [, one = 0] = made();
  expect(made()).toEqual([ahead, one]);
  await accept(ledger);
  expect(backups.state()).toEqual({ lastVerifiedAt: one, isCurrent: false, nextAt: one + 3_600_000 });
});

test('a clock that is set back does not put the next one off', async () => {
  config = { ...config, everyMs: 3_600_000 };
  skew = 365 * 86_400_000;
  const first = next();
  backups = openBackups();
  await backups.start();
  expect(await first).toBeNull();
  skew = 0;
  await accept(ledger);
  expect(backups.state().nextAt).toBeLessThanOrEqual(Date.now());
  await expect.poll(() => made().length, { timeout: 30_000 }).toBe(2);
});

test('in a directory of another Homer none is made, none is counted and none is removed, which is told', async () => {
  const shared = join(home, 'shared');
  mkdirSync(shared);
  config = { ...config, directory: shared };
  let first = next();
  await backups.start();
  expect(await first).toBeNull();
  const [one] = listBackups(shared);
  await backups.stop();

  const otherHome = join(home, 'other');
  mkdirSync(join(otherHome, 'backups'), { recursive: true });
  const other = await openLedgerIn(otherHome);
  try {
    await accept(other);
    backups = openBackups({ ledger: other, home: otherHome });
    expect(backups.state().lastVerifiedAt).toBeNull();
    first = next();
    await backups.start();
    expect(await first).toMatchObject({
      code: 'HOMER_BACKUP_FAILED',
      message: expect.stringContaining(`the Homer in ${home} on `) as string,
    });
    expect(listBackups(shared)).toEqual([one]);
  } finally {
    await backups.stop();
    other.close('drained');
  }
});
