// Puts a backup back, or only looks whether it could be: on a copy, in the state directory, while no daemon holds it. The ledger that
// was there stays in its place until the one instant in which the other takes it, and then beside the backups.

import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { HomerError } from '../core/errors.ts';
import {
  foldLog,
  inspectCopy,
  readCarried,
  readyToRestore,
  type CarriedFile,
  type CopyReport,
} from '../ledger/copy.ts';
import { isLockHeldProof, probeLock } from '../lifecycle/lock.ts';
import { syncDirectory } from '../runner/records.ts';
import { decryptFile } from './encryption.ts';
import { unfinishedPrefix } from '../ledger/backup-names.ts';

export interface RestoreOrder {
  /** Absolute. */
  readonly file: string;
  /** Identities of age, for a backup that is encrypted. */
  readonly identity: string | null;
}

export interface Restored extends CopyReport {
  /** Files of the backup that were put in their place. */
  readonly restored: readonly string[];
  /** Those that were there already and were left as they are. */
  readonly kept: readonly string[];
  /** Those that could not be put in their place. */
  readonly failed: readonly string[];
  /** Where the ledger is that was there before; null: there was none. */
  readonly replaced: string | null;
}

/** Called at the points at which a crash must leave the ledger whole. */
export type PassRestorePoint = (point: 'copied' | 'verified' | 'aside' | 'replaced') => void;

/** Where a backup may put files: a file from elsewhere is not to be trusted with more. */
const mayCarry = /^(config\.yaml|token|(skills|webhooks)\/[^\0]+)$/;

const begin = Buffer.from('age-encryption.org/v1\n');

/** Reads a backup from its first to its last page, as a restore would. Errors as `inspectCopy` and `decryptFile`. */
export async function verifyBackup(order: RestoreOrder, scratch: string): Promise<CopyReport> {
  if (!isEncrypted(order.file)) {
    requireFile(order.file);
    return inspectCopy(order.file, { leaveAlone: true });
  }
  const copy = join(scratch, `${unfinishedPrefix}verify-${process.pid}.db`);
  try {
    await decryptFile(order.file, copy, order.identity);
    return inspectCopy(copy, { leaveAlone: true });
  } finally {
    rmSync(copy, { force: true });
  }
}

/**
 * Makes the backup the ledger of the state directory, whose lock the caller holds. Whatever it is killed at, the ledger is the old one
 * or the new one, whole. Errors as `verifyBackup`, and HOMER_RUNS_LEFT while runners live there.
 */
export async function restoreBackup(
  home: string,
  order: RestoreOrder,
  now: number,
  pass: PassRestorePoint = () => undefined,
): Promise<Restored> {
  await requireNoRuns(home);
  const copy = join(home, `${unfinishedPrefix}homer.db`);
  removeDatabase(copy);
  try {
    await bringCopy(order, copy);
    pass('copied');
    const report = inspectCopy(copy, { leaveAlone: false });
    const carried = readCarried(copy);
    readyToRestore(copy);
    sync(copy);
    pass('verified');
    const replaced = setAside(home, now);
    pass('aside');
    renameSync(copy, join(home, 'homer.db'));
    syncDirectory(home);
    pass('replaced');
    return { ...report, replaced, ...putCarried(home, carried) };
  } finally {
    removeDatabase(copy);
  }
}

/** What runs on would work for a ledger that knows nothing of it, or something else. */
async function requireNoRuns(home: string): Promise<void> {
  const runs = join(home, 'runs');
  const living: string[] = [];
  for (const name of existsSync(runs) ? readdirSync(runs) : []) {
    const directory = join(runs, name);
    // The kernel's list answers at once for the many that are free.
    const state = probeLock(directory);
    if (state === 'held' || (state === 'unknown' && (await isLockHeldProof(directory)) === 'held'))
      living.push(name);
  }
  if (living.length > 0)
    throw new HomerError(
      'HOMER_RUNS_LEFT',
      `${living.length} of its runs still go on, ${living[0] ?? ''} among them.`,
    );
}

async function bringCopy({ file, identity }: RestoreOrder, copy: string): Promise<void> {
  requireFile(file);
  if (isEncrypted(file)) {
    await decryptFile(file, copy, identity);
    return;
  }
  for (const end of ['', '-wal'])
    if (end === '' || existsSync(`${file}${end}`))
      copyFileSync(`${file}${end}`, `${copy}${end}`, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
}

function requireFile(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined)
    throw new HomerError('HOMER_BACKUP_BROKEN', `${file} is not there.`);
}

/** By what is in it: files are renamed. */
function isEncrypted(file: string): boolean {
  requireFile(file);
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(begin.length);
    readSync(descriptor, head, 0, head.length, 0);
    return head.equals(begin);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives the ledger a second name among the backups. First its log is folded in: a log that stays behind would be taken for the new
 * ledger's. One that SQLite cannot read keeps its log beside it.
 */
function setAside(home: string, now: number): string | null {
  const ledger = join(home, 'homer.db');
  if (!existsSync(ledger)) {
    rmSync(`${ledger}-wal`, { force: true });
    return null;
  }
  const aside = join(home, 'backups', `replaced-${new Date(now).toISOString().replaceAll(':', '-')}.db`);
  mkdirSync(dirname(aside), { recursive: true, mode: 0o700 });
  const hasLog = existsSync(`${ledger}-wal`);
  if (hasLog) copyFileSync(`${ledger}-wal`, `${aside}-wal`, constants.COPYFILE_EXCL);
  if (foldLog(ledger)) rmSync(`${aside}-wal`, { force: true });
  keepAlso(ledger, aside);
  syncDirectory(dirname(aside));
  for (const end of ['-wal', '-shm', '-journal']) rmSync(`${ledger}${end}`, { force: true });
  return aside;
}

function keepAlso(path: string, also: string): void {
  try {
    linkSync(path, also);
  } catch {
    // A file system without links. A copy is as good, and says itself when it cannot be made.
    copyFileSync(path, also, constants.COPYFILE_EXCL);
    sync(also);
  }
}

type Put = 'restored' | 'kept' | 'failed';

/** The ledger is in its place by now: a file that cannot be put back is told, and keeps none of the others from theirs. */
function putCarried(home: string, carried: readonly CarriedFile[]): Readonly<Record<Put, readonly string[]>> {
  const put: Record<Put, string[]> = { restored: [], kept: [], failed: [] };
  for (const file of carried) {
    if (normalize(file.path) !== file.path || !mayCarry.test(file.path)) continue;
    try {
      put[putOne(home, file)].push(file.path);
    } catch {
      // A full disk, a file where a directory should be, a name that is too long here: which file it is says enough.
      put.failed.push(file.path);
    }
  }
  return put;
}

/** What is there already stays: on the machine at hand it is the newer one, or was put there for a reason. */
function putOne(home: string, { path, mode, content }: CarriedFile): Put {
  const target = join(home, path);
  if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return 'kept';
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  // Whole or not at all, and never in the place of another.
  const draft = join(dirname(target), `${unfinishedPrefix}${process.pid}`);
  try {
    writeFileSync(draft, content, { mode: mode & 0o700, flush: true });
    linkSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
  return 'restored';
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function removeDatabase(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
}
