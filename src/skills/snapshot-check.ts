// Whether a snapshot on disk is still what its id says. Its files are writable for nobody, but whoever is their owner can change
// that: a run without a sandbox is.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { readContent } from './folder-digest.ts';
import { createPause } from './pause.ts';
import { idOf, type Snapshot } from './snapshot.ts';

/** A file that was written a moment ago may be written once more within the same tick of the file system's clock. */
const settledMs = 100;

export class SnapshotCheck {
  /** What each looked like when all of it was last read. */
  readonly #known = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Reads everything the first time, and again when a name, size, mode or time is not as it was: nobody can set the time of the
   * last change, which also moves when a blob gets one more name. Does not reject.
   */
  async isWhole(directory: string, snapshot: Snapshot, plugin: string): Promise<boolean> {
    try {
      const look = await fingerprint(directory);
      if (this.#known.get(snapshot.id) === look.hash) return true;
      this.#known.delete(snapshot.id);
      if (!(await matches(directory, snapshot, plugin))) return false;
      const again = await fingerprint(directory);
      if (again.hash === look.hash && again.changedAt < this.#now() - settledMs)
        this.#known.set(snapshot.id, look.hash);
      return true;
    } catch (error) {
      // Something in it is gone, closed or not of its kind.
      if (error instanceof HomerError || (error instanceof Error && 'code' in error)) return false;
      throw error;
    }
  }

  forget(id: string): void {
    this.#known.delete(id);
  }
}

async function matches(directory: string, snapshot: Snapshot, plugin: string): Promise<boolean> {
  if (idOf(snapshot) !== snapshot.id) return false;
  if (!isSame(readdirSync(directory), ['.claude-plugin', 'skills', 'snapshot.json'])) return false;
  if (!isSame(readdirSync(join(directory, '.claude-plugin')), ['plugin.json'])) return false;
  if (readFileSync(join(directory, '.claude-plugin/plugin.json'), 'utf8') !== plugin) return false;
  const folders = snapshot.skills.map(({ folder }) => folder);
  if (!isSame(readdirSync(join(directory, 'skills')), folders)) return false;
  const pause = createPause();
  for (const { folder, digest } of snapshot.skills) {
    await pause();
    if (readContent(join(directory, 'skills', folder)).digest !== digest) return false;
  }
  return true;
}

async function fingerprint(
  directory: string,
): Promise<{ readonly hash: string; readonly changedAt: number }> {
  const hash = createHash('sha256');
  const pause = createPause();
  let changedAt = 0;
  const visit = async (path: string): Promise<void> => {
    await pause();
    const found = lstatSync(path);
    changedAt = Math.max(changedAt, found.ctimeMs);
    const { ino, size, mode, mtimeMs, ctimeMs } = found;
    hash.update(JSON.stringify([path, ino, size, mode, mtimeMs, ctimeMs]));
    if (!found.isDirectory()) return;
    for (const name of readdirSync(path).sort()) {
      // No snapshot has one, and the hash of a skill would pass over it.
      if (name.toLowerCase() === '.git') throw new HomerError('HOMER_SKILL_PATH', `${path} holds a ${name}.`);
      await visit(join(path, name));
    }
  };
  await visit(directory);
  return { hash: hash.digest('hex'), changedAt };
}

function isSame(names: readonly string[], wanted: readonly string[]): boolean {
  return JSON.stringify([...names].sort()) === JSON.stringify([...wanted].sort());
}
