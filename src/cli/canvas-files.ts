// The files a person puts into a canvas: named ones, and what is in named folders.

import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HomerError, messageOf } from '../core/errors.ts';

export interface FoundFile {
  /** In the canvas. */
  readonly path: string;
  readonly from: string;
  readonly bytes: number;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** Left out, each with why. */
  readonly skipped: readonly string[];
}

/**
 * A file stands under its name, what is in a folder under its path in that folder. In folders, names that begin with a
 * dot, links and whatever is no file are left out. Throws HOMER_USAGE for what is not there.
 */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const skipped: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause: unknown) => {
      const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      const why = isAbsent ? 'is not there' : `cannot be read: ${messageOf(cause)}`;
      throw new HomerError('HOMER_USAGE', `${path} ${why}.`, { cause });
    });
    if (found.isDirectory()) await walk(path, '', files, skipped);
    else if (found.isFile()) files.push({ path: basename(path), from: path, bytes: found.size });
    else throw new HomerError('HOMER_USAGE', `${path} is neither a file nor a folder.`);
  }
  return { files, skipped };
}

async function walk(from: string, prefix: string, files: FoundFile[], skipped: string[]): Promise<void> {
  const names = (await readdir(from)).sort();
  for (const name of names) {
    const path = join(from, name);
    const inside = `${prefix}${name}`;
    const found = await lstat(path);
    if (name.startsWith('.')) skipped.push(`${inside}: its name begins with a dot`);
    else if (found.isDirectory()) await walk(path, `${inside}/`, files, skipped);
    else if (found.isFile()) files.push({ path: inside, from: path, bytes: found.size });
    else skipped.push(`${inside}: not a plain file`);
  }
}

/** As much as one request takes; a file larger than that goes alone, and is refused by the daemon in its own words. */
const batchBytes = 12 * 1024 * 1024;

/** The files with what is in them, in order, in portions that a request can carry. */
export async function* inBatches(
  files: readonly FoundFile[],
): AsyncGenerator<readonly { readonly path: string; readonly base64: string }[]> {
  let batch: { path: string; base64: string }[] = [];
  let size = 0;
  for (const { path, from, bytes } of files) {
    if (batch.length > 0 && size + bytes > batchBytes) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push({ path, base64: (await readFile(from)).toString('base64') });
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}
