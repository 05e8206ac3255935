// The ledger's event log as a stream: nothing is missed and nothing told twice, also across a restart.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Stream } from './sse.ts';

export interface StreamedEvent {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly jobId: string | null;
  readonly runId: string | null;
  readonly sessionId?: string | null;
  readonly lane?: string | null;
  readonly data: unknown;
}

/** What the stream needs of the ledger. */
export interface EventLog {
  readonly generation: string;
  /** Events after `seq`, oldest first. */
  read(seq: number, limit: number): readonly StreamedEvent[];
  /** The oldest event that can still be read; 0 when there is none. */
  oldestSeq(): number;
  /** The newest number ever given; 0 when there is none. */
  lastSeq(): number;
  /** Calls the listener after something was appended; returns how to end that. */
  subscribe(listener: () => void): () => void;
}

export type ResetReason = 'malformed' | 'generation' | 'future' | 'pruned';

/**
 * Where to begin. Without a cursor: now. A cursor that cannot be served begins now too, with the reason, so that the
 * client knows to look at the whole again.
 */
export function decideStart(
  cursor: string | undefined,
  log: Pick<EventLog, 'generation' | 'oldestSeq' | 'lastSeq'>,
): { readonly after: number; readonly reset: ResetReason | null } {
  const last = log.lastSeq();
  if (cursor === undefined) return { after: last, reset: null };
  const [, generation, digits] = /^([A-Za-z0-9_-]{1,64})\.(\d{1,15})$/.exec(cursor) ?? [];
  if (generation === undefined || digits === undefined) return { after: last, reset: 'malformed' };
  if (generation !== log.generation) return { after: last, reset: 'generation' };
  const after = Number(digits);
  if (after > last) return { after: last, reset: 'future' };
  const oldest = log.oldestSeq();
  // With nothing left to read, all up to the last has been pruned.
  if (after < (oldest === 0 ? last : oldest - 1)) return { after: last, reset: 'pruned' };
  return { after, reset: null };
}

const batch = 100;

/** Sends events until the stream is closed. Rejects when the log cannot be read. */
export async function streamEvents(stream: Stream, log: EventLog, cursor: string | undefined): Promise<void> {
  let news = Promise.withResolvers<void>();
  // Listening begins before the first look, or what is appended between the two would wait for the next event.
  const unsubscribe = log.subscribe(() => news.resolve());
  const wake = (): void => news.resolve();
  stream.closed.addEventListener('abort', wake, { once: true });
  const idOf = (seq: number): string => `${log.generation}.${seq}`;
  try {
    const start = decideStart(cursor, log);
    let after = start.after;
    if (start.reset !== null)
      await stream.send({
        id: idOf(after),
        event: 'reset',
        data: { cursor: idOf(after), reason: start.reset },
      });
    // An id alone: a client that loses the connection before the first event knows where it was.
    else await stream.send({ id: idOf(after) });
    while (!stream.closed.aborted) {
      news = Promise.withResolvers<void>();
      const events = log.read(after, batch);
      for (const { seq, ...event } of events) {
        await stream.send({ id: idOf(seq), event: event.type, data: event });
        if (stream.closed.aborted) return;
        after = seq;
      }
      if (events.length === 0) await news.promise;
      // A long catch-up must not keep the event loop from everybody else.
      else await nextTurn();
    }
  } finally {
    unsubscribe();
    stream.closed.removeEventListener('abort', wake);
  }
}
