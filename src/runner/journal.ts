// The runner's side of journal.jsonl: numbered lines, secrets taken out, one write per batch, and a full disk that holds up the
// agent but loses nothing.

import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { AgentEvent } from '../core/agent.ts';
import { isDiskFull } from './disk-room.ts';
import { splitText } from './event-size.ts';
import type { Exit, RunnerEvent } from './files.ts';
import { createEventRedactor, type Redactor } from './redaction.ts';

export interface Journal {
  /** Takes an event into the current batch; a text of more than 64 KiB as several entries. */
  add(event: AgentEvent | RunnerEvent): void;
  /** Writes the batch. False: the disk is full; what is not written is kept, call again when there may be room. */
  flush(): boolean;
  /** What the last flush could not write waits in memory. */
  isFull(): boolean;
  /** Writes what there is room for, whole batches only, syncs, and tells what is on disk. */
  close(): Exit['journal'];
}

/** `now` in ms since the epoch. Throws when the file cannot be opened or written for other reasons than a full disk. */
export function createJournal(path: string, redactor: Redactor, now: () => number): Journal {
  const fd = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND,
    0o600,
  );
  const events = createEventRedactor(redactor);
  const hash = createHash('sha256');
  let number = 0;
  let lines: string[] = [];
  // The batch at the disk, and how much of it has arrived; only whole batches are counted and hashed.
  let batch: Buffer | null = null;
  let batchEntries = 0;
  let written = 0;
  const onDisk = { bytes: 0, entries: 0 };
  let full = false;

  const put = (event: AgentEvent | RunnerEvent): void => {
    for (const part of event.type === 'text' ? splitText(event) : [event])
      lines.push(`${JSON.stringify({ n: ++number, at: now(), ...part })}\n`);
  };

  const drain = (): void => {
    while (batch !== null || lines.length > 0) {
      if (batch === null) {
        batch = Buffer.from(lines.join(''), 'utf8');
        batchEntries = lines.length;
        lines = [];
        written = 0;
      }
      while (written < batch.length) written += writeSync(fd, batch, written);
      hash.update(batch);
      onDisk.bytes += batch.length;
      onDisk.entries += batchEntries;
      batch = null;
    }
  };

  const flush = (): boolean => {
    try {
      drain();
      if (full) {
        full = false;
        put({ type: 'paused', reason: 'disk_full' });
        drain();
      }
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      full = true;
    }
    return !full;
  };

  return {
    add(event) {
      for (const safe of events.add(event)) put(safe);
    },
    flush,
    isFull: () => full,
    close() {
      for (const event of events.end()) put(event);
      // Without room the end of the journal is cut to the last whole batch; the verdict is in exit.json all the same.
      if (!flush()) ftruncateSync(fd, onDisk.bytes);
      fsyncSync(fd);
      closeSync(fd);
      return { ...onDisk, sha256: hash.digest('hex') };
    },
  };
}
