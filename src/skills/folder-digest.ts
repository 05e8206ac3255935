// The hash of a skill's folder, worked out once for each version of it: as long as nothing in it changed, a look at names, sizes
// and times is enough.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { buildContent, limits, type Content } from './content.ts';
import { readFolder } from './folder.ts';

export type FolderDigest =
  | { readonly ok: true; readonly digest: string; readonly files: number; readonly bytes: number }
  | { readonly ok: false; readonly message: string };

export interface FolderDigests {
  /** Of the folder as it is now; a sentence when it cannot be copied. Does not throw. */
  of(directory: string): FolderDigest;
}

/** A file that was written a moment ago may be written once more within the same tick of the file system's clock. */
const settledMs = 100;
/** Worktrees come and go, each with folders of its own. */
const mostKnown = 10_000;

export function createFolderDigests(now: () => number = Date.now): FolderDigests {
  const known = new Map<string, { readonly version: string; readonly answer: FolderDigest }>();
  return {
    of(directory) {
      const version = versionOf(directory, now() - settledMs);
      const cached = known.get(directory);
      if (cached !== undefined && version !== null && cached.version === version) return cached.answer;
      const answer = read(directory);
      known.delete(directory);
      if (version !== null) known.set(directory, { version, answer });
      for (const oldest of known.keys()) {
        if (known.size <= mostKnown) break;
        known.delete(oldest);
      }
      return answer;
    },
  };
}

/** Throws what an install of it would be refused with. */
export function readContent(directory: string): Content {
  return buildContent(readFolder(directory).entries);
}

function read(directory: string): FolderDigest {
  try {
    const { digest, files, links, bytes } = readContent(directory);
    return { ok: true, digest, files: files.length + links.length, bytes };
  } catch (error) {
    if (!(error instanceof HomerError)) throw error;
    return { ok: false, message: error.message };
  }
}

/** Null when it cannot be told apart from what it may be a moment later. */
function versionOf(directory: string, settledBefore: number): string | null {
  const parts: string[] = [];
  let isSettled = true;
  const walk = (path: string): void => {
    const { ino, size, mode, mtimeMs, ctimeMs } = lstatSync(path);
    // Nobody can set the time of the last change.
    if (ctimeMs > settledBefore || parts.length > limits.files) isSettled = false;
    parts.push(`${path}:${ino}:${size}:${mode}:${mtimeMs}:${ctimeMs}`);
  };
  const visit = (folder: string): void => {
    walk(folder);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!isSettled || entry.name === '.git') continue;
      if (entry.isDirectory()) visit(path);
      else walk(path);
    }
  };
  try {
    visit(directory);
  } catch {
    // Gone or closed meanwhile: whoever reads it says so.
    return null;
  }
  return isSettled ? createHash('sha256').update(parts.join('\n')).digest('hex') : null;
}
