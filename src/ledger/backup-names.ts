// The names of backups: they say when each was made, and a file has such a name only once it was found to be whole.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface BackupFile {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly bytes: number;
  readonly encrypted: boolean;
}

/** A backup, or a ledger that was set aside: by a restore, by an upgrade of the schema, or by a daemon that lost its file. */
export interface RestorableFile extends BackupFile {
  readonly kind: 'backup' | 'replaced' | 'before a migration' | 'saved';
}

const shape = /^homer-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})Z\.db(\.age)?$/;

/** What is not finished has this before its name; nobody but who makes it touches it. */
export const unfinishedPrefix = '.unfinished-';

export function backupName(madeAt: number, isEncrypted: boolean): string {
  const time = new Date(madeAt).toISOString().replaceAll(':', '-');
  return `homer-${time}.db${isEncrypted ? '.age' : ''}`;
}

/** Null for any other file. */
export function readBackupName(
  name: string,
): { readonly madeAt: number; readonly encrypted: boolean } | null {
  const [, date, hours, minutes, seconds, age] = shape.exec(name) ?? [];
  if (date === undefined) return null;
  const madeAt = Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(madeAt) ? null : { madeAt, encrypted: age !== undefined };
}

/** Newest first; none where there is no such directory. Other files are left out. */
export function listBackups(directory: string): BackupFile[] {
  return namesIn(directory)
    .flatMap((name): BackupFile[] => {
      const read = readBackupName(name);
      if (read === null) return [];
      const path = join(directory, name);
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isFile() === true ? [{ path, name, bytes: found.size, ...read }] : [];
    })
    .sort((a, b) => b.madeAt - a.madeAt);
}

/** As `listBackups`, with the ledgers that were set aside, as old as their file is. */
export function listRestorable(directory: string): RestorableFile[] {
  const setAside = namesIn(directory).flatMap((name): RestorableFile[] => {
    const kind = kindsAside.find(([prefix]) => name.startsWith(prefix) && name.endsWith('.db'))?.[1];
    const path = join(directory, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (kind === undefined || found?.isFile() !== true) return [];
    return [{ path, name, madeAt: Math.round(found.mtimeMs), bytes: found.size, encrypted: false, kind }];
  });
  const backups = listBackups(directory).map((each): RestorableFile => ({ ...each, kind: 'backup' }));
  return [...backups, ...setAside].sort((a, b) => b.madeAt - a.madeAt);
}

const kindsAside = [
  ['replaced-', 'replaced'],
  ['before-migration-', 'before a migration'],
  ['saved-', 'saved'],
] as const;

/** Paths of what was begun and came to nothing. */
export function listUnfinished(directory: string): string[] {
  return namesIn(directory)
    .filter((name) => name.startsWith(unfinishedPrefix))
    .map((name) => join(directory, name));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
