// A run's journal as a stream: what was said so far, then what is said, then the end.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { isRunId, type RunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { fileNames, type JournalEntry } from '../runner/files.ts';
import { followJournal, readJournal } from '../runner/journal-reader.ts';
import { runDirectory } from './run-files.ts';

type OnEntries = (entries: readonly JournalEntry[]) => Promise<void>;

/** How a run ended, for whoever followed it. */
export interface RunEnding {
  readonly verdict: string | null;
}

export interface RunStream {
  /**
   * Hands on every entry after number `after`, in order, then calls `onEnd` once when the run has ended. Resolves when
   * that has begun. HOMER_RUN_UNKNOWN when there is no such run.
   */
  open(
    runId: string,
    after: number,
    onEntries: OnEntries,
    onEnd: (ending: RunEnding) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export function createRunStream(ledger: Ledger, home: string, onError: (error: unknown) => void): RunStream {
  return {
    async open(runId, after, onEntries, onEnd, signal) {
      if (!isRunId(runId) || ledger.claims.findRun(runId) === null) {
        throw new HomerError('HOMER_RUN_UNKNOWN', `There is no run ${runId}.`);
      }
      const handOn: OnEntries = async (entries) => {
        const fresh = entries.filter((entry) => entry.n > after);
        if (fresh.length > 0) await onEntries(fresh);
      };
      follow(ledger, home, runId, handOn, signal)
        .then(() => {
          if (!signal.aborted) onEnd({ verdict: ledger.claims.findRun(runId)?.verdict ?? null });
        })
        .catch(onError);
    },
  };
}

async function follow(
  ledger: Ledger,
  home: string,
  runId: RunId,
  onEntries: OnEntries,
  signal: AbortSignal,
): Promise<void> {
  const directory = runDirectory(home, runId);
  const ended = new AbortController();
  const look = (): void => {
    if (ledger.claims.findRun(runId)?.state === 'ended') ended.abort();
  };
  const unsubscribe = ledger.events.subscribe(look);
  let offset = 0;
  try {
    look();
    const either = AbortSignal.any([signal, ended.signal]);
    // The directory is there before the event that tells of the runner's start.
    while (!existsSync(directory) && !either.aborted) await nextEvent(ledger, either);
    if (!either.aborted) {
      await followJournal(
        directory,
        0,
        async (entries, nextOffset) => {
          offset = nextOffset;
          await onEntries(entries);
        },
        either,
      );
    }
    // The run is settled: what its journal holds now is all there will be.
    for (let last = -1; !signal.aborted && offset !== last;) {
      last = offset;
      const part = await readJournal(join(directory, fileNames.journal), offset);
      offset = part.nextOffset;
      await onEntries(part.entries);
    }
  } finally {
    unsubscribe();
  }
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
