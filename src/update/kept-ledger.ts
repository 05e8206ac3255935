// The ledger as the version before left it, byte for byte. While a new version is on trial nothing is told to anybody and nothing of
// anybody's moves, so putting it back loses nothing, also when the trial has migrated it; not even a cursor of an event
// knows more than it.

import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, updateDirectory } from '../lifecycle/update-record.ts';

const database = 'homer.db';
/** What a daemon that was killed has left beside it belongs to it. */
const log = 'homer.db-wal';
const index = 'homer.db-shm';

/** Only with the lock of the state directory. The copy shares its blocks with the original where the disk can do that. */
export function keepLedger(home: string): void {
  const directory = keptDirectory(home);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of [database, log])
    if (existsSync(join(home, name))) copySynced(join(home, name), join(directory, name));
  syncDirectory(directory);
}

/** Only with the lock of the state directory. May be cut off and done again. */
export function putLedgerBack(home: string): void {
  const directory = keptDirectory(home);
  // There was none before, or it is back already.
  if (!existsSync(join(directory, database))) return;
  for (const name of [database, log])
    if (existsSync(join(directory, name))) copySynced(join(directory, name), join(home, `${name}.back`));
  for (const name of [log, index]) rmSync(join(home, name), { force: true });
  renameSync(join(home, `${database}.back`), join(home, database));
  if (existsSync(join(home, `${log}.back`))) renameSync(join(home, `${log}.back`), join(home, log));
  syncDirectory(home);
}

export function forgetLedger(home: string): void {
  rmSync(keptDirectory(home), { recursive: true, force: true });
}

function keptDirectory(home: string): string {
  return join(updateDirectory(home), 'ledger');
}

function copySynced(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const file = openSync(to, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
