// What `homer logs` shows of the daemon's log: what was before, as much of it as was asked for, and what comes.

import { openSync, closeSync, readSync, fstatSync, statSync, watch } from 'node:fs';
import { isAtLeast, parseLogLine, type LogLevel, type LogLine } from '../lifecycle/log-line.ts';
import type { LogReader } from '../lifecycle/log-reader.ts';

export interface Wanted {
  readonly level: LogLevel;
  /** ms since the epoch; null: whenever. */
  readonly since: number | null;
  /** The newest so many of what was before; null: all. */
  readonly lines: number | null;
}

export interface ReadLine {
  /** As it stands in the file, without its end. */
  readonly raw: string;
  readonly line: LogLine;
}

/** Lines that are wanted of what was there when `reader` began, oldest first. */
export function readPast(files: ReturnType<LogReader['begin']>, wanted: Wanted): ReadLine[] {
  const found: ReadLine[][] = [];
  let count = 0;
  // From the newest file back, so that the few last lines cost one file.
  for (const { path, bytes } of files) {
    const changedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt === undefined || (wanted.since !== null && changedAt < wanted.since)) continue;
    const lines = readLines(path, bytes).filter(({ line }) => isWanted(line, wanted));
    found.push(lines);
    count += lines.length;
    if (wanted.lines !== null && count >= wanted.lines) break;
  }
  const all = found.toReversed().flat();
  return wanted.lines === null ? all : all.slice(-wanted.lines);
}

/** Hands on each line that is written and wanted, until `signal`; over files that are set aside and daemons that come and go. */
export async function followLog(
  directory: string,
  reader: LogReader,
  wanted: Wanted,
  onLine: (line: ReadLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const look = (): void => {
    for (const raw of reader.read()) {
      const line = parseLogLine(raw);
      if (isWanted(line, wanted)) onLine({ raw, line });
    }
  };
  const watcher = watchOr(directory, look, signal);
  signal.addEventListener('abort', () => done.resolve(), { once: true });
  if (signal.aborted) done.resolve();
  look();
  await done.promise;
  clearInterval(watcher);
  reader.close();
}

const pollMs = 500;

/** Calls back at each change; by looking now and then where this system gives no watch. */
function watchOr(directory: string, look: () => void, signal: AbortSignal): NodeJS.Timeout | undefined {
  try {
    const watcher = watch(directory, { signal }, look);
    // Of a folder that is gone there is nothing to follow; what was read stays.
    watcher.on('error', () => undefined);
    return undefined;
  } catch {
    // No watch left, or no such folder yet.
    return setInterval(look, pollMs);
  }
}

function isWanted(line: LogLine, { level, since }: Wanted): boolean {
  if (!isAtLeast(line, level)) return false;
  return since === null || (line.at !== null && Date.parse(line.at) >= since);
}

function readLines(path: string, most: number): ReadLine[] {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    // Removed since it was listed.
    return [];
  }
  try {
    const bytes = Buffer.alloc(Math.min(most, fstatSync(fd).size));
    readSync(fd, bytes, 0, bytes.length, 0);
    return bytes
      .toString('utf8')
      .split('\n')
      .filter((raw) => raw !== '')
      .map((raw) => ({ raw, line: parseLogLine(raw) }));
  } finally {
    closeSync(fd);
  }
}
