// The daemon's copy of what a run on another host writes: `runs/<run>/` with the journal as far as it has come, and the inbox, in
// which orders wait to be passed on. Whatever reads a run's files here need not know where the run is.

import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileNames } from '../../runner/files.ts';

const journalOf = (directory: string): string => join(directory, fileNames.journal);

/** Throws as the file system does. */
export function makeMirror(directory: string): void {
  mkdirSync(join(directory, fileNames.inbox), { recursive: true, mode: 0o700 });
}

/** Adds bytes that begin at `at`; what is there already is left as it is. Returns how many there are then. */
export function addToMirror(directory: string, at: number, bytes: Buffer): number {
  const file = openSync(journalOf(directory), 'a', 0o600);
  try {
    const { size } = fstatSync(file);
    const fresh = at > size ? Buffer.alloc(0) : bytes.subarray(size - at);
    for (let written = 0; written < fresh.length;) written += writeSync(file, fresh, written);
    return size + fresh.length;
  } finally {
    closeSync(file);
  }
}

/** Length and SHA-256 of a journal; of one that is not there, those of nothing. */
export async function measureJournal(directory: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  if (existsSync(journalOf(directory)))
    for await (const part of createReadStream(journalOf(directory)) as AsyncIterable<Buffer>) {
      bytes += part.length;
      hash.update(part);
    }
  return { bytes, sha256: hash.digest('hex') };
}
