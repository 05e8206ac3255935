// Files by the hash of what is in them, each written once. A snapshot's files are further names (hard links) of these, so the
// file system itself counts who needs a blob: one with a single name is needed by nobody.

import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentFile } from './content.ts';

/** Not writable even by their owner: an agent that means its own file is told. */
const modeOf = (executable: boolean): number => (executable ? 0o500 : 0o400);

/** What the system says when a file cannot have one more name, or none at all. */
const noLink: ReadonlySet<unknown> = new Set(['EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV']);

export class BlobStore {
  readonly #directory: string;

  /** `directory`: absolute; made when the first blob is put. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Puts the file at `target`, which is not there yet; synced. Rejects as the file system does. */
  async place({ data, executable }: ContentFile, target: string): Promise<void> {
    const hash = createHash('sha256').update(data).digest('hex');
    const blob = join(this.#directory, `${hash}${executable ? 'x' : ''}`);
    if (!(await this.#isWhole(blob, hash))) await this.#write(blob, data, executable);
    try {
      await link(blob, target);
    } catch (error) {
      if (!noLink.has((error as NodeJS.ErrnoException).code)) throw error;
      await copyFile(blob, target, constants.COPYFILE_EXCL);
      await chmod(target, modeOf(executable));
      await sync(target);
    }
  }

  /** Removes every blob that no snapshot needs, and what a crash left half written. Resolves with how many blobs went. */
  async sweep(): Promise<number> {
    let removed = 0;
    for (const name of await list(this.#directory)) {
      const path = join(this.#directory, name);
      if (!name.startsWith('.') && (await stat(path)).nlink > 1) continue;
      await rm(path, { force: true });
      removed += name.startsWith('.') ? 0 : 1;
    }
    return removed;
  }

  /** Whoever has written into one of its names has changed it: it is not trusted, it is read. */
  async #isWhole(blob: string, hash: string): Promise<boolean> {
    try {
      return (
        createHash('sha256')
          .update(await readFile(blob))
          .digest('hex') === hash
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async #write(blob: string, data: Uint8Array, executable: boolean): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const draft = join(this.#directory, `.${randomBytes(8).toString('hex')}`);
    const handle = await open(draft, 'wx', modeOf(executable));
    try {
      await handle.writeFile(data);
      // Whatever the umask says.
      await handle.chmod(modeOf(executable));
      await handle.sync();
    } catch (error) {
      // On a full disk what is half written would take the room of the next try.
      await rm(draft, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await rename(draft, blob);
  }
}

/** Names in a directory; none when it is not there. */
export async function list(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** On disk when it resolves: the bytes of a file, the names in a directory. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
