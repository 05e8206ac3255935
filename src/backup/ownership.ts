// Whose backups lie in a directory that somebody has configured. Two Homers in one would take each other's backups for their own: one
// would make none while the other does, and each would thin out what the other needs.

import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';

const ownerFile = '.homer-owner';

/** False also for a directory that nobody has claimed, or that is not there. */
export function isAnothers(directory: string, lineage: string): boolean {
  const owner = readOwner(directory);
  return owner !== null && owner.lineage !== lineage;
}

/** Claims a directory for a ledger. HOMER_BACKUP_FAILED when it is another's; throws as the file system does. */
export function claim(directory: string, lineage: string, home: string): void {
  const owner = readOwner(directory);
  if (owner === null) {
    const text = `${lineage} the Homer in ${home} on ${hostname()}\n`;
    writeFileSync(join(directory, ownerFile), text, { mode: 0o600, flag: 'wx' });
  } else if (owner.lineage !== lineage)
    throw new HomerError('HOMER_BACKUP_FAILED', `${directory} holds the backups of ${owner.words}.`, {
      hint: `Give each Homer a directory of its own in \`backup.to\`. If that one is gone for good, remove ${join(directory, ownerFile)}.`,
    });
}

/** Null: there is none. */
function readOwner(directory: string): { readonly lineage: string; readonly words: string } | null {
  try {
    const [lineage = '', ...words] = readFileSync(join(directory, ownerFile), 'utf8').trim().split(' ');
    return { lineage, words: words.join(' ') || 'another Homer' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}
