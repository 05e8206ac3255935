// The event log: what happened, in order. A client that keeps the last sequence number it saw misses nothing across
// a restart; listeners are called once per commit, after it is on disk.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LedgerEventType } from '../core/events.ts';

export interface LedgerEvent {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: LedgerEventType;
  readonly jobId: string | null;
  readonly runId: string | null;
  /** Of its job, or the one that it is about. */
  readonly sessionId: string | null;
  readonly lane: string | null;
  readonly data: Readonly<Record<string, unknown>> | null;
}

export class EventLog {
  readonly generation: string;
  readonly #insert: StatementSync;
  readonly #read: StatementSync;
  readonly #bounds: StatementSync;
  readonly #next: StatementSync;
  readonly #newest: StatementSync;
  readonly #listeners = new Set<() => void>();
  /** Jobs whose events are nobody's news. */
  readonly #muted = new Set<string>();
  #appended = false;
  /** Takes secrets out of what is kept. */
  redact: (text: string) => string = (text) => text;

  constructor(database: DatabaseSync, generation: string) {
    this.generation = generation;
    this.#insert = database.prepare(
      'INSERT INTO events (at, type, job_id, run_id, data) VALUES (?, ?, ?, ?, ?)',
    );
    this.#read = database.prepare(
      `SELECT e.seq, e.at, e.type, e.job_id, e.run_id, e.data, j.session_id, j.lane
         FROM events AS e LEFT JOIN jobs AS j ON j.id = e.job_id WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
    );
    this.#bounds = database.prepare('SELECT min(seq) AS oldest FROM events');
    this.#next = database.prepare('SELECT at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1');
    this.#newest = database.prepare('SELECT max(seq) AS newest FROM events');
  }

  /** Only inside a transaction of the writer. */
  append(
    at: number,
    type: LedgerEventType,
    jobId: string | null,
    runId: string | null,
    data: Record<string, unknown> | null,
  ): void {
    if (jobId !== null && this.#muted.has(jobId)) return;
    this.#insert.run(at, type, jobId, runId, data === null ? null : this.redact(JSON.stringify(data)));
    this.#appended = true;
  }

  /** Nothing that happens to the job is written from now on. */
  mute(jobId: string): void {
    this.#muted.add(jobId);
  }

  unmute(jobId: string): void {
    this.#muted.delete(jobId);
  }

  isMuted(jobId: string): boolean {
    return this.#muted.has(jobId);
  }

  /** Called by the ledger after a commit. */
  publish(): void {
    if (!this.#appended) return;
    this.#appended = false;
    for (const listener of this.#listeners) listener();
  }

  /** Events after `seq`, oldest first. */
  read(seq: number, limit: number): LedgerEvent[] {
    return this.#read.all(seq, limit).map((row) => {
      const data = row['data'] === null ? null : (JSON.parse(String(row['data'])) as Record<string, unknown>);
      return {
        seq: Number(row['seq']),
        at: Number(row['at']),
        type: String(row['type']) as LedgerEventType,
        jobId: textOf(row['job_id']),
        runId: textOf(row['run_id']),
        sessionId: textOf(row['session_id'] ?? data?.['sessionId']),
        lane: textOf(row['lane'] ?? data?.['lane']),
        data,
      };
    });
  }

  /** The oldest event that can still be read; 0 when there is none. */
  oldestSeq(): number {
    return Number(this.#bounds.get()?.['oldest'] ?? 0);
  }

  /**
   * A sequence number after which come all events later than `at`, and few others: by halves, since the log is in the order of
   * time. Where somebody moved the clock it is about right.
   */
  seqBefore(at: number): number {
    let low = this.oldestSeq() - 1;
    let high = this.lastSeq();
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const found = this.#next.get(middle)?.['at'];
      if (typeof found === 'number' && found > at) high = middle - 1;
      else low = middle;
    }
    return Math.max(0, low);
  }

  /** The newest sequence number ever given; 0 when there is none. */
  lastSeq(): number {
    return Number(this.#newest.get()?.['newest'] ?? 0);
  }

  /** Calls `listener` after every commit that appended something; returns how to end that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
