// The files of the state directory that go with a backup: what a person has set up, and, only into one that is encrypted, what is secret.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configFile } from '../config/document.ts';
import { hookSecretDirectory } from '../config/hook-secret.ts';
import { tokenFile } from '../config/token.ts';
import type { CarriedFile } from '../ledger/copy.ts';

/** Of all files together: skills are texts and scripts; who keeps more among them backs it up by other means. */
export const mostCarriedBytes = 64 * 1024 * 1024;

export interface CarriedChoice {
  readonly isEncrypted: boolean;
  /** A secret stands in config.yaml in plain text. */
  readonly hasPlainSecret: boolean;
}

export interface CarriedFiles {
  readonly files: readonly CarriedFile[];
  /** What was left out, each with the reason. */
  readonly leftOut: readonly string[];
}

/** Reads them. Links and what is no file are left out in silence, since they would lead elsewhere on another machine. */
export function collectCarried(home: string, { isEncrypted, hasPlainSecret }: CarriedChoice): CarriedFiles {
  const leftOut: string[] = [];
  const wanted: string[] = [];
  if (isEncrypted || !hasPlainSecret) wanted.push(...filesBelow(home, configFile));
  else leftOut.push(`${configFile}: a secret stands in it in plain text, and the backup is not encrypted`);
  if (isEncrypted) wanted.push(...filesBelow(home, tokenFile), ...filesBelow(home, hookSecretDirectory));
  wanted.push(...filesBelow(home, 'skills'));
  const files: CarriedFile[] = [];
  let room = mostCarriedBytes;
  for (const path of wanted) {
    const found = lstatSync(join(home, path), { throwIfNoEntry: false });
    // Gone or replaced since it was listed.
    if (found?.isFile() !== true) continue;
    if (found.size > room) {
      leftOut.push(`${path}: the files together would be larger than ${mostCarriedBytes / 1024 / 1024} MiB`);
      continue;
    }
    const content = readFileSync(join(home, path));
    room -= content.length;
    files.push({ path, mode: found.mode & 0o777, content });
  }
  return { files, leftOut };
}

/** The path itself where it is a file, all below it where it is a directory; relative to `home`, in order. */
function filesBelow(home: string, path: string): string[] {
  const found = lstatSync(join(home, path), { throwIfNoEntry: false });
  if (found?.isFile() === true) return [path];
  if (found?.isDirectory() !== true) return [];
  return readdirSync(join(home, path))
    .sort()
    .flatMap((name) => filesBelow(home, `${path}/${name}`));
}
