// The daemon's log on disk: `logs/daemon.log`, and beside it `daemon.000001.log`, … with what came before. Each line is one write, so
// that a process killed at any moment leaves whole lines; a file is set aside with a rename, so that each line is in exactly one of them. Numbers, not times, say
// what came first: clocks are set back.

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LogLimits } from '../core/log-limits.ts';

export const logName = 'daemon.log';
const setAside = /^daemon\.(\d{6,})\.log$/;
const dayMs = 86_400_000;
/** Longer lines are cut: one must not take the room of all others. */
const longestLine = 64 * 1024;

/** Paths of what was set aside, oldest first. */
export function listOldLogs(directory: string): string[] {
  return numbered(directory).map(({ name }) => join(directory, name));
}

function numbered(directory: string): { readonly name: string; readonly number: number }[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    // No directory, no logs.
    return [];
  }
  return names
    .flatMap((name) => {
      const number = Number(setAside.exec(name)?.[1] ?? 0);
      return number > 0 ? [{ name, number }] : [];
    })
    .sort((a, b) => a.number - b.number);
}

/** Appends lines to the log of a state directory; only the holder of its lock may. */
export class LogFile {
  readonly #directory: string;
  readonly #limits: () => LogLimits;
  readonly #now: () => number;
  #fd: number | null = null;
  #bytes = 0;
  /** When the file was begun, ms since the epoch. */
  #begunAt = 0;
  /** Lines that no disk took. */
  #lost = 0;

  /** Nothing is opened before the first line. `directory`: `logs` of the state directory. */
  constructor(directory: string, limits: () => LogLimits, now: () => number = Date.now) {
    this.#directory = directory;
    this.#limits = limits;
    this.#now = now;
  }

  /** `line` ends with a line end. Never throws: a full disk must not end the daemon, which says how many lines it cost when there is room. */
  write(line: string): void {
    try {
      const bytes = Buffer.from(fitted(line));
      this.#makeRoom(bytes.length);
      if (this.#lost > 0) this.#tellLoss();
      this.#append(bytes);
    } catch {
      // There is nobody else to tell it to, until the disk takes lines again.
      this.#lost += 1;
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #append(bytes: Buffer): void {
    const fd = this.#open();
    const written = writeSync(fd, bytes);
    this.#bytes += written;
    // A disk that was full in the middle of a line: it is told as lost, and the half of it ended, at the next write.
    if (written < bytes.length) throw new Error('the disk took half of a line');
  }

  #tellLoss(): void {
    const lost = this.#lost;
    const time = new Date(this.#now()).toISOString();
    this.#append(
      Buffer.from(
        `${JSON.stringify({ level: 'error', time, lines: lost, msg: 'lines of this log were lost' })}\n`,
      ),
    );
    this.#lost = 0;
  }

  #open(): number {
    if (this.#fd !== null) return this.#fd;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const fd = openSync(join(this.#directory, logName), 'a+', 0o600);
    const { size, birthtimeMs } = fstatSync(fd);
    this.#fd = fd;
    this.#bytes = size;
    this.#begunAt = size === 0 ? this.#now() : Math.min(birthtimeMs || this.#now(), this.#now());
    if (size > 0 && !endsWithLine(fd, size)) this.#bytes += writeSync(fd, '\n');
    return fd;
  }

  /** Sets the file aside when it is full or a day old, and removes what is beyond the limits. */
  #makeRoom(more: number): void {
    this.#open();
    const { maxBytes, maxAgeMs } = this.#limits();
    const isFull = this.#bytes > 0 && this.#bytes + more > maxBytes;
    const isOld = this.#bytes > 0 && this.#now() - this.#begunAt > Math.min(dayMs, maxAgeMs);
    if (!isFull && !isOld) return;
    this.close();
    const last = numbered(this.#directory).at(-1)?.number ?? 0;
    const name = `daemon.${String(last + 1).padStart(6, '0')}.log`;
    renameSync(join(this.#directory, logName), join(this.#directory, name));
    this.#prune();
  }

  #prune(): void {
    const { maxAgeMs, keep } = this.#limits();
    const old = listOldLogs(this.#directory);
    // The newest always stays, since its number says which comes next.
    const surplus = old.slice(0, Math.max(0, old.length - keep));
    const aged = old
      .slice(0, -1)
      .filter((path) => this.#now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > maxAgeMs);
    for (const path of new Set([...surplus, ...aged])) rmSync(path, { force: true });
  }
}

function fitted(line: string): string {
  if (line.length <= longestLine) return line;
  const { level, time, msg } = JSON.parse(line) as Record<string, unknown>;
  const message = typeof msg === 'string' ? msg.slice(0, 2_000) : '';
  return `${JSON.stringify({ level, time, cut: line.length, msg: message })}\n`;
}

function endsWithLine(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}
