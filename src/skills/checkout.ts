// What a folder is checked out from: the commit, read from git's own files. Git itself is not run: a repository can
// name programs that git would then start.

import { lstatSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The commit's hash; null when it cannot be told; undefined when the folder is no checkout. */
export function readCommit(directory: string): string | null | undefined {
  const marker = join(directory, '.git');
  const found = lstatSync(marker, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  // In a worktree or submodule the marker is a file that says where the rest is (gitrepository-layout(5)).
  const pointer = found.isFile() ? /^gitdir: (.+)$/m.exec(read(marker))?.[1] : undefined;
  const gitDirectory = pointer === undefined ? marker : resolve(directory, pointer);
  const head = read(join(gitDirectory, 'HEAD')).trim();
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
  if (ref === undefined) return hashIn(head);
  if (ref.includes('..')) return null;
  const common = resolve(gitDirectory, read(join(gitDirectory, 'commondir')).trim());
  for (const place of [gitDirectory, common]) {
    const loose = hashIn(read(join(place, ref)).trim());
    if (loose !== null) return loose;
  }
  const packed = read(join(common, 'packed-refs')).split('\n');
  return hashIn(packed.find((line) => line.endsWith(` ${ref}`))?.slice(0, -ref.length - 1) ?? '');
}

/** Whether it is a repository without a checkout, in which no file can be read. */
export function isBareRepository(directory: string): boolean {
  return ['HEAD', 'objects', 'refs'].every(
    (name) => lstatSync(join(directory, name), { throwIfNoEntry: false }) !== undefined,
  );
}

function hashIn(text: string): string | null {
  return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text) ? text : null;
}

function read(file: string): string {
  try {
    const found = lstatSync(file);
    return found.isFile() && found.size < 1024 * 1024 ? readFileSync(file, 'utf8') : '';
  } catch {
    // The commit is told where it can be; a checkout without it can be installed as well.
    return '';
  }
}
