// The daemon's copy of what a run on another host writes: `runs/<run>/` with its files as far as they have come, and the inbox, in
// which orders wait to be passed on. Whatever reads a run's files here need not know where the run is.

import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileNames } from '../../runner/files.ts';
import type { RunFile } from './messages.ts';

/** Throws as the file system does. */
export function makeMirror(directory: string): void {
  mkdirSync(join(directory, fileNames.inbox), { recursive: true, mode: 0o700 });
}

/** Adds bytes that begin at `at`; what is there already is left as it is. Returns how many there are then. */
export function addToMirror(directory: string, file: RunFile, at: number, bytes: Buffer): number {
  const fd = openSync(join(directory, fileNames[file]), 'a', 0o600);
  try {
    const { size } = fstatSync(fd);
    const fresh = at > size ? Buffer.alloc(0) : bytes.subarray(size - at);
    for (let written = 0; written < fresh.length;) written += writeSync(fd, fresh, written);
    return size + fresh.length;
  } finally {
    closeSync(fd);
  }
}

/** Length and SHA-256 of a file of a run; of one that is not there, those of nothing. */
export async function measure(directory: string, file: RunFile): Promise<{ bytes: number; sha256: string }> {
  const path = join(directory, fileNames[file]);
  const hash = createHash('sha256');
  let bytes = 0;
  if (existsSync(path))
    for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
      bytes += part.length;
      hash.update(part);
    }
  return { bytes, sha256: hash.digest('hex') };
}
