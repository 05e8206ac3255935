// Opens files of a run with suspicion: the agent runs as the same user and may have put anything in their place. A FIFO
// would wait for ever for its other end, a device never ends, and a link leads out of the directory (open(2)).

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** Nothing there, a link, and a socket. */
const notThere: ReadonlySet<unknown> = new Set(['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO']);

/** The whole text of a file; null when it is missing, no regular file or larger than `maxBytes`. Throws as the system does. */
export function readPlainFile(path: string, maxBytes: number): string | null {
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (error) {
    if (isNotThere(error)) return null;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= maxBytes ? readFileSync(fd, 'utf8') : null;
  } finally {
    closeSync(fd);
  }
}

/** A regular file, open for reading; null when it is missing or something else. Rejects as the system does. */
export async function openPlainFile(path: string): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (error) {
    if (isNotThere(error)) return null;
    throw error;
  }
  try {
    if ((await file.stat()).isFile()) return file;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return null;
}

function isNotThere(error: unknown): boolean {
  return notThere.has((error as NodeJS.ErrnoException).code);
}
