// The folders of skills under the eyes of chokidar: no more of them than the loader would look at.

import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type { FSWatcher, watch as Watch } from 'chokidar';
import type { SkillRoot } from './sources.ts';

/** As deep as skills are looked for, and their own folders below that. */
const deepest = 22;
/** Each is a watch of the system, of which a user has 8,192 on small machines and all his programs share them. */
const mostPaths = 4_000;

export interface WatchedFoldersOptions {
  readonly onChange: () => void;
  /** Told once for each kind of failure: at the system's limit there is one for every file. */
  readonly onError: (error: unknown) => void;
  readonly mostPaths?: number;
}

export class WatchedFolders {
  readonly #options: WatchedFoldersOptions;
  /** Links are followed in folders of the owner only: what others link to may be all of a disk. */
  readonly #own: FSWatcher;
  readonly #others: FSWatcher;
  #watched: ReadonlyMap<string, FSWatcher> = new Map();
  readonly #paths = new Set<string>();
  readonly #told = new Set<string>();
  #isFull = false;

  private constructor(options: WatchedFoldersOptions, watch: typeof Watch) {
    this.#options = options;
    const open = (followSymlinks: boolean): FSWatcher => {
      const ignored = (path: string): boolean => !this.#admits(path);
      const watcher = watch([], { ignoreInitial: true, depth: deepest, followSymlinks, ignored });
      watcher.on('all', (event, path) => {
        if (event === 'unlink' || event === 'unlinkDir') this.#paths.delete(path);
        options.onChange();
      });
      watcher.on('error', (error) => this.#tell(error));
      return watcher;
    };
    this.#own = open(true);
    this.#others = open(false);
  }

  static async open(options: WatchedFoldersOptions): Promise<WatchedFolders> {
    // Only here: whoever never gets this far does not pay for it.
    const { watch } = await import('chokidar');
    return new WatchedFolders(options, watch);
  }

  /** Resolves once what was set first is watched. */
  async ready(): Promise<void> {
    const all = [this.#own, this.#others].map(
      (watcher) => new Promise<void>((resolve) => watcher.once('ready', () => resolve())),
    );
    await Promise.all(all);
  }

  /** These from now on, and no others. */
  set(roots: readonly SkillRoot[]): void {
    const wanted = new Map<string, FSWatcher>();
    for (const root of roots) {
      const path = pathOf(root);
      if (path !== null && !wanted.has(path)) wanted.set(path, root.trusted ? this.#own : this.#others);
    }
    const before = this.#watched;
    this.#watched = wanted;
    for (const [path, watcher] of before) {
      if (wanted.get(path) === watcher) continue;
      watcher.unwatch(path);
      for (const each of this.#paths) if (isBelow(each, path)) this.#paths.delete(each);
      this.#isFull = false;
    }
    for (const [path, watcher] of wanted) if (before.get(path) !== watcher) watcher.add(path);
  }

  async close(): Promise<void> {
    await Promise.all([this.#own.close(), this.#others.close()]);
  }

  #admits(path: string): boolean {
    if (this.#paths.has(path)) return true;
    for (const root of this.#watched.keys())
      // A workspace may itself be below a folder of such a name.
      if (isBelow(path, root) && /(?:^|\/)(?:\.git|node_modules)(?:\/|$)/.test(relative(root, path)))
        return false;
    if (!this.#isFull && this.#paths.size >= (this.#options.mostPaths ?? mostPaths)) {
      this.#isFull = true;
      this.#options.onError(
        new Error(
          'There are too many files in folders of skills to watch all of them. Turns look for themselves.',
        ),
      );
    }
    if (this.#isFull) return false;
    this.#paths.add(path);
    return true;
  }

  #tell(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    // No more watches, no more files: every further one would fail too.
    if (code === 'ENOSPC' || code === 'EMFILE') this.#isFull = true;
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.#options.onError(error);
  }
}

/** Where it really is, so that a link in its place is followed and none below it; null when that is not to be looked at. */
function pathOf({ path, trusted, within }: SkillRoot): string | null {
  if (trusted) return path;
  try {
    const real = realpathSync(path);
    return within === null || isBelow(real, realpathSync(within)) ? real : null;
  } catch {
    // Not there yet: it is waited for under its name.
    return path;
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}
