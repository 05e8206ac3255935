// Reads the daemon's log in order, over all of its files, while it is written to and set aside.

import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listOldLogs, logName } from './log-file.ts';

const pieceBytes = 256 * 1024;

export class LogReader {
  readonly #directory: string;
  #fd: number | null = null;
  #offset = 0;
  /** The beginning of a line whose end is not written yet. */
  #rest = Buffer.alloc(0);
  /** What was set aside up to here was read, or is not wanted. */
  #seen: string | null = null;

  /** `directory`: `logs` of the state directory; it may not exist. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Begins at the end of all there is and returns the files to look at for what was before, newest first. What is written from now on
   * comes from `read`; nothing comes twice.
   */
  begin(): readonly { readonly path: string; readonly bytes: number }[] {
    // The one that is written to first: should it be set aside meanwhile, it is known by its number of inode.
    this.#open();
    const own = this.#fd === null ? null : fstatSync(this.#fd);
    this.#offset = own === null ? 0 : endOfLines(this.#fd ?? 0, own.size);
    const old = listOldLogs(this.#directory).filter((path) => inodeOf(path) !== own?.ino);
    this.#seen = old.at(-1) ?? null;
    const before = old.map((path) => ({ path, bytes: Infinity })).toReversed();
    return own === null ? before : [{ path: join(this.#directory, logName), bytes: this.#offset }, ...before];
  }

  /** The lines that were finished since the last call, oldest first; many at once where many were written. */
  *read(): Generator<string, void, undefined> {
    for (;;) {
      if (this.#fd === null && !this.#open()) return;
      const fd = this.#fd ?? 0;
      const { ino } = fstatSync(fd);
      yield* this.#readBetween(ino);
      yield* this.#drain(fd);
      if (inodeOf(join(this.#directory, logName)) === ino) return;
      // It was set aside, so nothing is added to it any more: what is there now is all of it.
      yield* this.#drain(fd);
      const line = this.#rest.toString('utf8');
      if (line !== '') yield line;
      this.#seen = listOldLogs(this.#directory).find((path) => inodeOf(path) === ino) ?? this.#seen;
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
  }

  #open(): boolean {
    try {
      this.#fd = openSync(join(this.#directory, logName), 'r');
      this.#offset = 0;
      return true;
    } catch {
      // Nothing was logged yet, or between a file that was set aside and the next line.
      return false;
    }
  }

  /** What was set aside before the file that is open now, and was not read: two of them may be filled between two looks. */
  *#readBetween(ino: number): Generator<string, void, undefined> {
    for (const path of listOldLogs(this.#directory)) {
      if (inodeOf(path) === ino) return;
      if (this.#seen !== null && !isAfter(path, this.#seen)) continue;
      this.#seen = path;
      yield* linesOf(path);
    }
  }

  *#drain(fd: number): Generator<string, void, undefined> {
    const piece = Buffer.alloc(pieceBytes);
    for (;;) {
      const bytes = readSync(fd, piece, 0, pieceBytes, this.#offset);
      if (bytes === 0) return;
      this.#offset += bytes;
      const all = Buffer.concat([this.#rest, piece.subarray(0, bytes)]);
      const end = all.lastIndexOf(0x0a) + 1;
      this.#rest = Buffer.from(all.subarray(end));
      const text = all.toString('utf8', 0, end);
      for (const line of text.split('\n')) if (line !== '') yield line;
    }
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    // Removed since it was listed: it was beyond what is kept.
    return [];
  }
}

/** Of paths of files that were set aside; their numbers may have different lengths. */
function isAfter(path: string, than: string): boolean {
  return path.length === than.length ? path > than : path.length > than.length;
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** Where the last whole line ends; what comes after is read when it is finished. */
function endOfLines(fd: number, size: number): number {
  const length = Math.min(size, pieceBytes);
  const end = Buffer.alloc(length);
  readSync(fd, end, 0, length, size - length);
  return size - length + end.lastIndexOf(0x0a) + 1;
}
