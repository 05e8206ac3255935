// Reads a tarball into entries, in memory: what it holds touches no disk before it was judged.

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { HomerError, messageOf } from '../core/errors.ts';
import { checkPath, createBudget, limits, mebibytes, shown, type Entry } from './content.ts';
import { readExactly, type ReadTree } from './folder.ts';

/** With the headers and padding that a tarball adds to each file. */
const largestTar = limits.bytes + limits.files * 2_048;
/** Honest text packs down to a tenth, many tiny files to a thirtieth; bombs to a thousandth. */
const largestRatio = 100;
/** Below this no ratio is worth a refusal. */
const smallTar = 4 * 1024 * 1024;

/**
 * The entries of a .tar or .tar.gz. Throws as `readFolder` does, HOMER_SKILL_LINK for hard links too, and
 * HOMER_SKILL_TOO_LARGE before a bomb has gone off: it is unpacked into a buffer that is never larger than what is
 * allowed.
 */
export async function readTarball(file: string): Promise<ReadTree> {
  const tar = unpack(file, readWhole(file));
  const entries: Entry[] = [];
  const open: string[] = [];
  const budget = createBudget();
  await parse(tar, (entry) => {
    const path = checkPath(entry.path);
    if (path === '' && entry.type !== 'Directory')
      throw new HomerError('HOMER_SKILL_PATH', `${shown(entry.path)} is no name of a file.`);
    budget.take(entry.path, isFile(entry) ? entry.size : 0);
    const mode = entry.mode ?? 0;
    const target = entry.linkpath ?? '';
    const isLink = entry.type === 'SymbolicLink';
    if (!isLink && entry.type !== 'Directory' && !isFile(entry)) throw refuseKind(entry);
    return (data) => {
      if (path === null) return;
      if ((mode & 0o002) !== 0 && !isLink) open.push(path);
      if (isLink) entries.push({ kind: 'link', path, target });
      else if (entry.type === 'Directory') entries.push({ kind: 'directory', path });
      else entries.push({ kind: 'file', path, executable: (mode & 0o111) !== 0, data });
    };
  });
  return { entries, open };
}

function isFile({ type }: ReadEntry): boolean {
  return type === 'File' || type === 'OldFile' || type === 'ContiguousFile';
}

function refuseKind({ type, path, linkpath }: ReadEntry): HomerError {
  if (type === 'Link')
    return new HomerError(
      'HOMER_SKILL_LINK',
      `${shown(path)} is a hard link to ${shown(linkpath ?? '')}; such links can name any file.`,
    );
  return new HomerError(
    'HOMER_SKILL_SPECIAL_FILE',
    `${shown(path)} is neither a file nor a folder (${type}).`,
  );
}

function readWhole(file: string): Uint8Array {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new HomerError('HOMER_SKILL_SOURCE', `${file} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile())
      throw new HomerError('HOMER_SKILL_SOURCE', `${file} is neither a file nor a folder.`);
    if (found.size > largestTar)
      throw new HomerError('HOMER_SKILL_TOO_LARGE', `${file} is larger than ${mebibytes(limits.bytes)}.`);
    const data = readExactly(descriptor, found.size);
    if (data === null) throw new HomerError('HOMER_SKILL_SOURCE', `${file} changed while it was read.`);
    return data;
  } finally {
    closeSync(descriptor);
  }
}

function unpack(file: string, data: Uint8Array): Uint8Array {
  if (!isGzip(data)) return refusePacked(file, data);
  const most = Math.min(largestTar, Math.max(smallTar, data.byteLength * largestRatio));
  try {
    return refusePacked(file, gunzipSync(data, { maxOutputLength: most }));
  } catch (error) {
    if (error instanceof HomerError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new HomerError(
        'HOMER_SKILL_TOO_LARGE',
        `${file} unpacks to more than ${mebibytes(limits.bytes)}, or to more than ${largestRatio} times its size.`,
      );
    throw new HomerError('HOMER_SKILL_SOURCE', `${file} is a broken gzip file: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** The parser would unpack these by itself, and past our limits. */
function refusePacked(file: string, tar: Uint8Array): Uint8Array {
  const isZstd = tar[0] === 0x28 && tar[1] === 0xb5 && tar[2] === 0x2f && tar[3] === 0xfd;
  if (isGzip(tar) || isZstd || tar.byteLength < 512)
    throw new HomerError('HOMER_SKILL_SOURCE', `${file} is not a tarball (.tar or .tar.gz).`);
  return tar;
}

function isGzip(data: Uint8Array): boolean {
  return data[0] === 0x1f && data[1] === 0x8b;
}

/** Judges each entry before its bytes are read, and hands those on; rejects with the first error of either. */
function parse(tar: Uint8Array, judge: (entry: ReadEntry) => (data: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const taken: Promise<void>[] = [];
    const parser = new Parser({ strict: true, brotli: false });
    const fail = (error: unknown): void => {
      reject(
        error instanceof HomerError
          ? error
          : new HomerError('HOMER_SKILL_SOURCE', `It is not a sound tarball: ${messageOf(error)}.`, {
              cause: error,
            }),
      );
    };
    parser.on('entry', (entry: ReadEntry) => {
      try {
        const keep = judge(entry);
        const kept = entry.concat().then(keep);
        // The promise is waited for at the end, which a broken tarball never reaches.
        kept.catch(fail);
        taken.push(kept);
      } catch (error) {
        entry.resume();
        fail(error);
      }
    });
    // Also entries whose description is too long to be honest.
    parser.on('ignoredEntry', (entry: ReadEntry) => {
      fail(refuseKind(entry));
    });
    parser.on('error', fail);
    // Two blocks of zeros end an archive (tar(5)); one that was cut between two entries looks whole but for them.
    let isEnded = false;
    parser.on('nullBlock', () => (isEnded = true));
    parser.on('end', () => {
      if (!isEnded) fail(new Error('it has no end, so it may have been cut off'));
      Promise.all(taken).then(() => resolve(), fail);
    });
    try {
      parser.end(Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength));
    } catch (error) {
      fail(error);
    }
  });
}
