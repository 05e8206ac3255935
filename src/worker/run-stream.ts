// A run's journal as a stream: what was said so far, then what is said, then the end.

import { existsSync } from 'node:fs';
import { HomerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { JournalEntry } from '../runner/files.ts';
import { followJournal, readJournal } from '../runner/journal-reader.ts';
import { fileNames } from '../runner/files.ts';
import { join } from 'node:path';
import { runDirectory } from './run-files.ts';

export type OpenRunStream = (
  runId: RunId,
  /** Entries up to this number were seen already. */
  after: number,
  onEntries: (entries: readonly JournalEntry[]) => void | Promise<void>,
  signal: AbortSignal,
) => Promise<void>;

/** Resolves when the run has ended and all of it was handed on, or the signal is aborted. HOMER_RUN_UNKNOWN. */
export function createRunStream(ledger: Ledger, home: string): OpenRunStream {
  const hasEnded = (runId: RunId): boolean => ledger.claims.findRun(runId)?.state === 'ended';

  return async (runId, after, onEntries, signal) => {
    if (ledger.claims.findRun(runId) === null) throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${runId}.`);
    const directory = runDirectory(home, runId);
    let offset = 0;
    const handOn = (entries: readonly JournalEntry[]): void | Promise<void> => {
      const fresh = entries.filter((entry) => entry.n > after);
      return fresh.length === 0 ? undefined : onEntries(fresh);
    };
    const ended = new AbortController();
    const unsubscribe = ledger.events.subscribe(() => {
      if (hasEnded(runId)) ended.abort();
    });
    try {
      if (!hasEnded(runId)) {
        // The directory is made a moment after the run is granted; the next event tells.
        while (!existsSync(directory) && !ended.signal.aborted && !signal.aborted) await nextEvent(ledger, signal);
        const both = AbortSignal.any([signal, ended.signal]);
        if (!both.aborted) {
          await followJournal(directory, 0, async (entries, nextOffset) => {
            offset = nextOffset;
            await handOn(entries);
          }, both);
        }
      }
      for (let last = -1; !signal.aborted && offset !== last; ) {
        last = offset;
        const part = await readJournal(join(directory, fileNames.journal), offset);
        offset = part.nextOffset;
        await handOn(part.entries);
      }
    } finally {
      unsubscribe();
    }
  };
}

function nextEvent(ledger: Ledger, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unsubscribe = ledger.events.subscribe(done);
    signal.addEventListener('abort', done, { once: true });
  });
}
