// The daemon's side of journal.jsonl: read from an offset, and followed while the runner writes. The last line may be
// torn, since the runner may be in the middle of it or may have died there.

import { join } from 'node:path';
import { watchDirectory } from '../lifecycle/watch.ts';
import { fileNames, type JournalEntry } from './files.ts';
import { openPlainFile } from './plain-file.ts';

export interface JournalPart {
  readonly entries: readonly JournalEntry[];
  /** Where to go on: after the last whole line, bytes. */
  readonly nextOffset: number;
}

/** Read at a time; a longer line is still read whole. */
const windowBytes = 64 * 1024;
/** A line of 16 Mi characters of which each became six in JSON, and some room. */
const maxLineBytes = 128 * 1024 * 1024;

/**
 * Reads whole lines from an offset on, about 64 KiB of them; the end is reached when `nextOffset` does not move. Lines that are
 * no journal entries are passed over. A journal that is not there yet is empty, and so is what
 * is no regular file; a line longer than any entry ends it.
 */
export async function readJournal(path: string, fromOffset: number): Promise<JournalPart> {
  const file = await openPlainFile(path);
  if (file === null) return { entries: [], nextOffset: fromOffset };
  try {
    const parts: Buffer[] = [];
    for (let at = fromOffset; ;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(windowBytes), 0, windowBytes, at);
      if (bytesRead === 0 || at - fromOffset > maxLineBytes) return { entries: [], nextOffset: fromOffset };
      at += bytesRead;
      const part = buffer.subarray(0, bytesRead);
      const end = part.lastIndexOf(0x0a) + 1;
      parts.push(end === 0 ? part : part.subarray(0, end));
      if (end === 0) continue;
      const whole = Buffer.concat(parts);
      return { entries: parseEntries(whole.toString('utf8')), nextOffset: fromOffset + whole.length };
    }
  } finally {
    await file.close();
  }
}

/**
 * Hands on the entries of a run from an offset on and then each as it comes, until the signal is aborted; woken by the
 * file system, by time only where it has no watch to give. `onEntries` is waited for. Rejects when the run's directory cannot be read.
 */
export async function followJournal(
  directory: string,
  fromOffset: number,
  onEntries: (entries: readonly JournalEntry[], nextOffset: number) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const path = join(directory, fileNames.journal);
  let wake = Promise.withResolvers<void>();
  let failure: Error | null = null;
  // Watched before the first look: what is written in between is not missed.
  const watcher = watchDirectory(
    directory,
    () => wake.resolve(),
    (error) => {
      failure = error;
      wake.resolve();
    },
  );
  const stop = (): void => wake.resolve();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let offset = fromOffset; !signal.aborted;) {
      const part = await readJournal(path, offset);
      if (signal.aborted) return;
      if (failure !== null) throw failure as Error;
      if (part.entries.length > 0) await onEntries(part.entries, part.nextOffset);
      if (part.nextOffset > offset) {
        offset = part.nextOffset;
        continue;
      }
      await wake.promise;
      wake = Promise.withResolvers<void>();
      // An event between the read and this line has resolved the old promise, and was waited for above; one that
      // comes from here on resolves the new one.
    }
  } finally {
    signal.removeEventListener('abort', stop);
    watcher.close();
  }
}

function parseEntries(text: string): readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const value = JSON.parse(line) as Partial<JournalEntry> | null;
      if (typeof value?.n === 'number' && typeof value.type === 'string') entries.push(value as JournalEntry);
    } catch {
      // A line that was cut by a crash, or is not ours: the entries around it still count.
    }
  }
  return entries;
}
