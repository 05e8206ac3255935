// `homer update`: what there is, what is needed before one begins, and the two tasks of the version before, which drives it.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { readUpdate, unfinishedUpdate, updateDirectory, writeUpdate } from '../lifecycle/update-record.ts';
import type { ProgramVersion, UpdateRecord } from '../lifecycle/update-record.ts';
import { Checkout } from './checkout.ts';
import { driveUpdate, lockUpdate, rollBack, type DaemonHands, type DriveOptions } from './drive.ts';
import { compareVersions, type Installation, type Target } from './installation.ts';
import { InstalledPackage } from './package.ts';
import { forgetPrevious, writeRollBack } from './previous.ts';

export type { DaemonHands } from './drive.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface UpdateCheck {
  readonly kind: UpdateRecord['kind'];
  readonly installed: ProgramVersion;
  /** Null: where Homer came from no version is to be seen. */
  readonly newest: string | null;
  readonly isNewer: boolean;
  /** The last update here, as it ended. */
  readonly last: Pick<UpdateRecord, 'phase' | 'from' | 'to' | 'startedAt' | 'why'> | null;
}

export interface UpdateOrder {
  readonly home: string;
  /** A tag, branch or commit of a checkout; a version or packed file of a package. */
  readonly to: string;
  readonly trialMs: number;
  readonly env: Env;
  readonly tell: (line: string) => void;
  /** Makes a backup of the ledger; resolves with its path once it is verified. */
  readonly backUp: () => Promise<string>;
}

/** Beside copies of the ledger, bytes. */
const leastFreeBytes = 256 * 1024 * 1024;

/** What is installed and what could be. HOMER_UPDATE_REFUSED when that cannot be told. */
export async function checkUpdate(home: string, env: Env): Promise<UpdateCheck> {
  const installation = openInstallation(ownRoot(), home, env);
  await mkdir(updateDirectory(home), { recursive: true, mode: 0o700 });
  const [installed, newest] = [await installation.installed(), await installation.newest()];
  const last = readUpdate(home);
  return {
    kind: installation.kind,
    installed,
    newest,
    isNewer: newest !== null && compareVersions(newest, installed.version) > 0,
    last:
      last === null
        ? null
        : { phase: last.phase, from: last.from, to: last.to, startedAt: last.startedAt, why: last.why },
  };
}

/**
 * All that can be done while Homer works: looks whether it can be done at all, fetches, makes the backup, keeps what leads back. Returns
 * the record to go on with; null: it is that version already. HOMER_UPDATE_REFUSED with nothing changed.
 */
export async function beginUpdate(order: UpdateOrder): Promise<UpdateRecord | null> {
  const { home, to, trialMs, env, tell } = order;
  await mkdir(updateDirectory(home), { recursive: true, mode: 0o700 });
  const lock = lockUpdate(home);
  try {
    const installation = openInstallation(ownRoot(), home, env);
    requireWritable(installation.root);
    const from = await installation.installed();
    await installation.check();
    const target = await installation.find(to);
    if (isSame(from, target)) return null;
    await requireRoom(home);
    tell(`Updating ${from.version} to ${target.version.version}: making a backup.`);
    const backup = await order.backUp();
    const left = readUpdate(home);
    if (left !== null) forgetPrevious(home, left);
    const record: UpdateRecord = {
      phase: 'switching',
      kind: installation.kind,
      root: installation.root,
      previous: await installation.keep(),
      from,
      to: target.version,
      tarball: target.tarball,
      backup,
      trialMs,
      startedAt: new Date().toISOString(),
      why: null,
    };
    writeRollBack(home, record);
    writeUpdate(home, record);
    return record;
  } finally {
    lock.release();
  }
}

/** In the process of the version before: carries out what was begun; errors as `driveUpdate`. */
export async function carryOut(
  home: string,
  env: Env,
  hands: DaemonHands,
  tell: (line: string) => void,
): Promise<UpdateRecord> {
  const lock = lockUpdate(home);
  try {
    const { options, record } = optionsOf(home, env, hands, tell);
    return await driveUpdate(options, { version: record.to, tarball: record.tarball });
  } finally {
    lock.release();
  }
}

/** In the process of the version before: undoes what was cut off; null: there is nothing to undo. */
export async function undoUpdate(
  home: string,
  env: Env,
  hands: DaemonHands,
  tell: (line: string) => void,
): Promise<UpdateRecord | null> {
  const lock = lockUpdate(home);
  try {
    if (unfinishedUpdate(home) === null) return null;
    const { options } = optionsOf(home, env, hands, tell);
    return await rollBack(options, 'It was cut off.');
  } finally {
    lock.release();
  }
}

function optionsOf(
  home: string,
  env: Env,
  hands: DaemonHands,
  tell: (line: string) => void,
): { readonly options: DriveOptions; readonly record: UpdateRecord } {
  const record = unfinishedUpdate(home);
  if (record === null) throw new HomerError('HOMER_UPDATE_REFUSED', 'There is no update to be carried out.');
  return { options: { home, installation: openInstallation(record.root, home, env), hands, tell }, record };
}

function openInstallation(root: string, home: string, env: Env): Installation {
  if (existsSync(join(root, '.git'))) return new Checkout(root, env);
  if (InstalledPackage.isOne(root)) return new InstalledPackage(root, env, updateDirectory(home));
  throw new HomerError(
    'HOMER_UPDATE_REFUSED',
    `${root} is neither a git checkout nor a package installed by npm.`,
    {
      hint: 'Replace it in the way in which it was installed; for an image, use a newer one.',
    },
  );
}

/** Of `src/update/open.ts` and of `dist/update/open.js`. */
function ownRoot(): string {
  return resolve(import.meta.dirname, '../..');
}

function isSame(from: ProgramVersion, { version }: Target): boolean {
  return from.commit === null ? from.version === version.version : from.commit === version.commit;
}

function requireWritable(root: string): void {
  for (const path of [root, dirname(root)])
    try {
      accessSync(path, constants.W_OK);
    } catch (error) {
      if (path !== root && existsSync(join(root, '.git'))) continue;
      throw new HomerError('HOMER_UPDATE_REFUSED', `${path} cannot be written to.`, {
        cause: error,
        hint: 'Run this as its owner.',
      });
    }
}

async function requireRoom(home: string): Promise<void> {
  const { bavail, bsize } = await statfs(home);
  const ledger = statSync(join(home, 'homer.db'), { throwIfNoEntry: false })?.size ?? 0;
  const needed = 3 * ledger + leastFreeBytes;
  if (bavail * bsize >= needed) return;
  const mib = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);
  throw new HomerError(
    'HOMER_UPDATE_REFUSED',
    `${mib(needed)} MiB are needed for the way back, ${mib(bavail * bsize)} MiB are free.`,
    { hint: 'Free some space first.' },
  );
}
