// From a bare copy of the ledger to a backup: sealed, read from its first to its last page, encrypted where that is wanted, and only
// then under its name. Runs in a process of its own: reading a large ledger takes seconds, and the daemon has other things to do.

import {
  copyFileSync,
  constants,
  linkSync,
  openSync,
  closeSync,
  fsyncSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { holdsPlainSecret } from '../config/load.ts';
import { HomerError } from '../core/errors.ts';
import { inspectCopy, sealCopy, type CopyReport } from '../ledger/copy.ts';
import { syncDirectory } from '../runner/records.ts';
import { collectCarried } from './carried.ts';
import { encryptFile } from './encryption.ts';
import { unfinishedPrefix } from '../ledger/backup-names.ts';

export interface FinishOrder {
  /** The bare copy; it is gone afterwards. */
  readonly copy: string;
  /** Where the backup is to stand; nothing may be there. */
  readonly target: string;
  /** Of age; empty: it is not encrypted. */
  readonly recipients: readonly string[];
  readonly home: string;
  readonly userHome: string;
  readonly madeAt: number;
  readonly version: string;
}

export interface Finished extends CopyReport {
  readonly path: string;
  readonly bytes: number;
  readonly encrypted: boolean;
  readonly leftOut: readonly string[];
}

/** Rejects with HOMER_BACKUP_BROKEN when the copy is not whole, and as the file system does; then there is no backup. */
export async function finishCopy(order: FinishOrder): Promise<Finished> {
  const { copy, target, recipients, home, userHome, madeAt, version } = order;
  const isEncrypted = recipients.length > 0;
  const hasPlainSecret = holdsPlainSecret(home, { env: {}, userHome });
  const { files, leftOut } = collectCarried(home, { isEncrypted, hasPlainSecret });
  sealCopy(copy, { madeAt, version, files });
  const report = inspectCopy(copy, { leaveAlone: true });
  // In the directory of the target, so that the last step is one that cannot be done by halves.
  const draft = join(dirname(target), `${unfinishedPrefix}${basename(target)}`);
  rmSync(draft, { force: true });
  try {
    if (isEncrypted) await encryptFile(copy, draft, recipients);
    else moveTo(copy, draft);
    publish(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  rmSync(copy, { force: true });
  return { ...report, path: target, bytes: statSync(target).size, encrypted: isEncrypted, leftOut };
}

function moveTo(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
}

/** Never in the place of another file: a link is refused where a rename would replace. */
function publish(draft: string, target: string): void {
  const descriptor = openSync(draft, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
  try {
    linkSync(draft, target);
    rmSync(draft);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new HomerError('HOMER_BACKUP_FAILED', `${target} is there already.`);
    // A file system without links, such as FAT or some network mounts.
    if (statSync(target, { throwIfNoEntry: false }) !== undefined) throw error;
    renameSync(draft, target);
  }
  syncDirectory(dirname(target));
}
