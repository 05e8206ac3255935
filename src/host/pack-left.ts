// Makes one file of what a run left for a person in `outbox/` of its workspace, so that it can be sent as the journal is: `left`, beside the
// run's other files.

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  chooseFiles,
  isSameFile,
  type LeftFile,
  type LeftFiles,
  leftLimits,
  outboxName,
  type StayingFile,
} from '../core/left-files.ts';
import { fileNames } from '../runner/files.ts';
import { readOutbox } from '../runner/outbox.ts';
import { openPlainFile } from '../runner/plain-file.ts';

const pieceBytes = 256 * 1024;

/** `there`: what the daemon has already. Null when there is nothing to tell of. What cannot be packed stays: the answer does not wait for it. */
export async function packLeft(
  directory: string,
  workspace: string,
  there: readonly LeftFile[],
  onError: (error: unknown) => void,
): Promise<LeftFiles | null> {
  const isThere = (file: LeftFile): boolean => there.some((each) => isSameFile(each, file));
  const { going, staying } = chooseFiles(readOutbox(workspace), isThere, leftLimits);
  if (going.length === 0 && staying.length === 0) return null;
  const path = join(directory, fileNames.left);
  try {
    // What lies there is of an earlier try, and was not sent.
    rmSync(path, { force: true, recursive: true });
    const packed = await pack(path, workspace, going);
    return { ...packed, staying: [...staying, ...packed.staying] };
  } catch (error) {
    // The disk may be full: without the copy there is room for the rest.
    rmSync(path, { force: true, recursive: true });
    onError(error);
    const failed = going.map(({ name }) => ({ name, why: 'failed' as const }));
    return { files: [], sha256: createHash('sha256').digest('hex'), staying: [...staying, ...failed] };
  }
}

async function pack(path: string, workspace: string, going: readonly LeftFile[]): Promise<LeftFiles> {
  const into = await open(path, 'wx', 0o600);
  try {
    const files: LeftFile[] = [];
    const failed: StayingFile[] = [];
    let hash = createHash('sha256');
    let at = 0;
    for (const file of going) {
      const whole = await copy(join(workspace, outboxName, file.name), file.size, into, at, hash.copy());
      if (whole === null) failed.push({ name: file.name, why: 'failed' });
      else {
        hash = whole;
        at += file.size;
        files.push(file);
      }
    }
    await into.truncate(at);
    await into.sync();
    return { files, sha256: hash.digest('hex'), staying: failed };
  } finally {
    await into.close();
  }
}

/** The hash with the file in it; null when there is no such file of this size any more. */
async function copy(
  path: string,
  size: number,
  into: FileHandle,
  at: number,
  hash: Hash,
): Promise<Hash | null> {
  const from = await openPlainFile(path).catch(() => null);
  if (from === null) return null;
  try {
    const piece = Buffer.alloc(Math.min(pieceBytes, size));
    for (let done = 0; done < size;) {
      const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, size - done), done);
      if (bytesRead === 0) return null;
      const bytes = piece.subarray(0, bytesRead);
      hash.update(bytes);
      for (let written = 0; written < bytesRead;)
        written += (await into.write(bytes, written, bytesRead - written, at + done + written)).bytesWritten;
      done += bytesRead;
    }
    return (await from.stat()).size === size ? hash : null;
  } finally {
    await from.close();
  }
}
