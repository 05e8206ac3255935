// What the command line does with backups where no daemon runs: list them, look whether one is whole, put one back.

import { join } from 'node:path';
import { loadConfig, type LoadOptions } from '../config/load.ts';
import { isHomerError } from '../core/errors.ts';
import { listRestorable, type RestorableFile } from '../ledger/backup-names.ts';

export { listRestorable } from '../ledger/backup-names.ts';
export { restoreBackup, verifyBackup, type Restored } from './restore.ts';
export type { CopyReport } from '../ledger/copy.ts';

/** Newest first: those in the state directory and, where another is configured, in that one. */
export function listAllBackups(home: string, options: LoadOptions): RestorableFile[] {
  const own = join(home, 'backups');
  const directories = new Set([own, configuredDirectory(home, options) ?? own]);
  return [...directories].flatMap(listRestorable).sort((a, b) => b.madeAt - a.madeAt);
}

/** A configuration that is not right hides no backup: one may be wanted because of it. */
function configuredDirectory(home: string, options: LoadOptions): string | null {
  try {
    return loadConfig(home, options).config.backup.directory;
  } catch (error) {
    if (isHomerError(error)) return null;
    throw error;
  }
}
