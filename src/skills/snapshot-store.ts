// Snapshots on disk, in `skills-store/` of the state directory: each a folder under the name of its id, whole or not there. What
// is written or removed goes under a hidden name first, so a kill at any point leaves nothing but hidden names, which the next
// collection removes.

import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { passOn, type PassWaypoint } from '../lifecycle/waypoint.ts';
import { BlobStore, list, sync } from './blob-store.ts';
import type { Content } from './content.ts';
import { SnapshotCheck } from './snapshot-check.ts';
import type { Snapshot } from './snapshot.ts';

/** In the state directory. */
export const storeFolder = 'skills-store';

/** Makes of the folder a plugin, in the words of Claude Code. */
const plugin = JSON.stringify({ name: 'homer', version: '1.0.0', description: 'The skills of this session' });

export class SnapshotStore {
  readonly #snapshots: string;
  readonly #blobs: BlobStore;
  readonly #pass: PassWaypoint;
  readonly #check: SnapshotCheck;
  /** What a crash before this start left behind is looked for once. */
  #wasSwept = false;

  /** `home`: the state directory. */
  constructor(home: string, pass: PassWaypoint = passOn, check: SnapshotCheck = new SnapshotCheck()) {
    const directory = join(home, storeFolder);
    this.#snapshots = join(directory, 'snapshots');
    this.#blobs = new BlobStore(join(directory, 'blobs'));
    this.#pass = pass;
    this.#check = check;
  }

  directory(id: string): string {
    return join(this.#snapshots, id);
  }

  /** Null when it is not there. */
  async find(id: string): Promise<Snapshot | null> {
    try {
      return JSON.parse(await readFile(join(this.directory(id), 'snapshot.json'), 'utf8')) as Snapshot;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /** Null too when somebody has changed anything of it: such a one is handed to nobody. */
  async findWhole(id: string): Promise<Snapshot | null> {
    const found = await this.find(id);
    return found?.id === id && (await this.#check.isWhole(this.directory(id), found, plugin)) ? found : null;
  }

  /**
   * Writes it unless it is there, as it was written. `contentOf` is asked for one skill after the other, so that only one is in memory.
   * Rejects as `contentOf` and the file system do; then nothing is there.
   */
  async write(snapshot: Snapshot, contentOf: (folder: string) => Content): Promise<void> {
    if ((await this.findWhole(snapshot.id)) !== null) return;
    await mkdir(this.#snapshots, { recursive: true, mode: 0o700 });
    const draft = join(this.#snapshots, `.incoming-${randomBytes(6).toString('hex')}`);
    try {
      await this.#fill(draft, snapshot, contentOf);
      await seal(draft);
      this.#pass('k2-written');
      // What is there without being whole was damaged by others.
      await this.#remove(snapshot.id);
      await rename(draft, this.directory(snapshot.id));
    } catch (error) {
      await removeTree(draft);
      throw error;
    }
    await sync(this.#snapshots);
    this.#pass('k3-renamed');
  }

  async #fill(
    draft: string,
    { skills, ...rest }: Snapshot,
    contentOf: (folder: string) => Content,
  ): Promise<void> {
    await mkdir(join(draft, '.claude-plugin'), { recursive: true, mode: 0o700 });
    await mkdir(join(draft, 'skills'), { mode: 0o700 });
    const note = (path: string, text: string): Promise<void> =>
      writeFile(join(draft, path), text, { mode: 0o400, flag: 'wx', flush: true });
    await note('.claude-plugin/plugin.json', plugin);
    for (const { folder } of skills) {
      const { files, links } = contentOf(folder);
      const place = (path: string): string => join(draft, 'skills', folder, path);
      const folders = new Set([...files, ...links].map(({ path }) => dirname(place(path))));
      for (const each of folders) await mkdir(each, { recursive: true, mode: 0o700 });
      for (const file of files) {
        await this.#blobs.place(file, place(file.path));
        this.#pass('k1-blob');
      }
      for (const { path, target } of links) await symlink(target, place(path));
    }
    await note('snapshot.json', JSON.stringify({ ...rest, skills }));
  }

  /** Removes every snapshot but those named, then what nobody needs any more. Resolves with the ids that went. */
  async collect(named: ReadonlySet<string>): Promise<readonly string[]> {
    const dropped = (await list(this.#snapshots)).filter((name) => !named.has(name));
    for (const name of dropped)
      if (name.startsWith('.')) await removeTree(join(this.#snapshots, name));
      else await this.#remove(name);
    if (dropped.length > 0 || !this.#wasSwept) await this.#blobs.sweep();
    this.#wasSwept = true;
    return dropped.filter((name) => !name.startsWith('.'));
  }

  async #remove(id: string): Promise<void> {
    this.#check.forget(id);
    const dead = join(this.#snapshots, `.dead-${randomBytes(6).toString('hex')}`);
    try {
      await rename(this.directory(id), dead);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#pass('k4-dead');
    await removeTree(dead);
    this.#pass('k5-removed');
  }
}

/** Everything on disk, and no folder writable. */
async function seal(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await seal(join(directory, entry.name));
  await sync(directory);
  await chmod(directory, 0o500);
}

/** A folder that is not writable does not let go of what is in it. Nothing happens when it is not there; no link is followed. */
async function removeTree(directory: string): Promise<void> {
  await unseal(directory);
  await rm(directory, { recursive: true, force: true });
}

async function unseal(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) return;
    await chmod(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await unseal(join(path, entry.name));
}
