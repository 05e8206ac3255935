// The journal of one run as a stream: what `homer run` and `homer attach` show.

import type { Stream } from './sse.ts';

/** An entry of a journal as it is sent: `n` is its id, `type` its event name. */
export interface StreamedEntry {
  readonly n: number;
  readonly type: string;
}

/** What the stream needs of whoever reads journals. */
export interface RunStream {
  /**
   * Gives every entry after number `after`, in order, then calls `onEnd` once when the run has ended and no entry will
   * follow. Resolves when that has begun. `onEntries` resolves when the reader can take more; whoever does not wait for
   * it risks that the reader is cut off. `signal` ends it all. Throws HOMER_RUN_UNKNOWN when there is no such run.
   */
  open(
    runId: string,
    after: number,
    onEntries: (entries: readonly StreamedEntry[]) => Promise<void>,
    onEnd: (summary: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/**
 * Sends a run's journal until it has ended (then the event `end` with the summary) or the reader has gone. `begin` is
 * called once the run is known to exist, so that an unknown one can still be answered with an error.
 */
export async function streamRun(
  source: RunStream,
  runId: string,
  after: number,
  begin: () => Stream,
  reader: AbortController,
): Promise<void> {
  let stream: Stream | null = null;
  const started = (): Stream => {
    if (stream !== null) return stream;
    stream = begin();
    stream.closed.addEventListener('abort', () => reader.abort(), { once: true });
    return stream;
  };
  // Entries and the end may come without being waited for: one after the other all the same.
  let sent: Promise<void> = Promise.resolve();
  const then = (act: () => Promise<void>): Promise<void> => (sent = sent.then(act));
  await source.open(
    runId,
    after,
    (entries) =>
      then(async () => {
        for (const entry of entries)
          await started().send({ id: String(entry.n), event: entry.type, data: entry });
      }),
    (summary) =>
      void then(async () => {
        await started().send({ event: 'end', data: summary ?? {} });
        started().end();
      }),
    reader.signal,
  );
  started();
}
