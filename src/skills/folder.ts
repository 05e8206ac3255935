// Reads a folder into entries, without following a single link in it.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { HomerError, messageOf } from '../core/errors.ts';
import { checkPath, createBudget, shown, type Budget, type Entry } from './content.ts';

export interface ReadTree {
  readonly entries: readonly Entry[];
  /** Paths of files and folders that every user may change; empty for the top itself. */
  readonly open: readonly string[];
}

/**
 * Every file, link and folder below `directory` except what belongs to git, with their bytes. Throws the errors of
 * `checkPath` and the budget, HOMER_SKILL_SPECIAL_FILE for sockets, pipes and devices, HOMER_SKILL_SOURCE for what cannot
 * be read or changes meanwhile.
 */
export function readFolder(directory: string): ReadTree {
  const entries: Entry[] = [];
  const open: string[] = [];
  const budget = createBudget();
  const walk = (path: string): void => {
    for (const name of attempt(path, () => readdirSync(join(directory, path))).sort()) {
      const below = checkPath(path === '' ? name : `${path}/${name}`);
      if (below === null) continue;
      const found = attempt(below, () => lstatSync(join(directory, below)));
      if (!found.isSymbolicLink() && (found.mode & 0o002) !== 0) open.push(below);
      if (found.isDirectory()) {
        budget.take(below, 0);
        entries.push({ kind: 'directory', path: below });
        walk(below);
      } else if (found.isSymbolicLink()) {
        budget.take(below, 0);
        const target = attempt(below, () => readlinkSync(join(directory, below)));
        entries.push({ kind: 'link', path: below, target });
      } else if (found.isFile()) entries.push(readFile(join(directory, below), below, budget));
      else
        throw new HomerError('HOMER_SKILL_SPECIAL_FILE', `${shown(below)} is neither a file nor a folder.`);
    }
  };
  if ((attempt('', () => lstatSync(directory)).mode & 0o002) !== 0) open.push('');
  walk('');
  return { entries, open };
}

function readFile(file: string, path: string, budget: Budget): Entry {
  return attempt(path, () => {
    // It was a file a moment ago; if it is a link or a pipe now, neither is followed nor waited for.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(descriptor);
      if (!found.isFile()) throw changed(path);
      budget.take(path, found.size);
      const data = readExactly(descriptor, found.size);
      if (data === null) throw changed(path);
      return { kind: 'file', path, executable: (found.mode & 0o111) !== 0, data };
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Null when there are more or fewer bytes than that. */
export function readExactly(descriptor: number, size: number): Uint8Array | null {
  const buffer = Buffer.alloc(size + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(descriptor, buffer, filled, buffer.length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return filled === size ? buffer.subarray(0, size) : null;
}

function attempt<Value>(path: string, act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    if (error instanceof HomerError) throw error;
    const detail = `${path === '' ? 'The folder' : shown(path)} cannot be read: ${messageOf(error)}.`;
    throw new HomerError('HOMER_SKILL_SOURCE', detail, { cause: error });
  }
}

function changed(path: string): HomerError {
  return new HomerError('HOMER_SKILL_SOURCE', `${shown(path)} changed while it was read.`, {
    hint: 'Try again when nothing writes to it.',
  });
}
