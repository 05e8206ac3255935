// Who asked for what, from where, and what came of it. A row is written in the same commit as what was done, or an
// earlier one: nothing changes without its row. How it ended follows with the next commit, a second later at most.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** A call, as it is written down. Nothing of it was said by the client but the name of what it asked for. */
export interface AuditEntry {
  readonly who: string;
  readonly source: string;
  readonly what: string;
  readonly face: string;
  readonly peer: string;
}

export interface AuditRow extends AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly subject: string | null;
  /** `ok`, or the code of the error; null: not known, or not yet. */
  readonly result: string | null;
  readonly times: number;
}

/** A call that is under way. */
export interface AuditNote {
  /** `subject`: the id of what it was done to. */
  end(result: string, subject: string | null): void;
}

interface Pending {
  readonly entry: AuditEntry;
  readonly at: number;
  /** null: not in a transaction yet. */
  seq: number | null;
  /** In the transaction that is being made, which may still be lost. */
  isNew: boolean;
  result: string | null;
  subject: string | null;
  times: number;
  isWritten: boolean;
}

/** Writes what has ended when nothing else is committed for this long, ms. */
const flushMs = 1_000;
const sameMs = 60_000;
/** Beyond, what waits for a disk that takes no writes is dropped, the oldest first. */
const mostPending = 2_000;
const keptMs = 365 * 86_400_000;
const mostRows = 500_000;
const pruneEvery = 1_000;

export class Audit {
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #count: StatementSync;
  readonly #list: StatementSync;
  readonly #prune: StatementSync;
  readonly #commit: () => Promise<void>;
  readonly #now: () => number;
  readonly #refused = new Map<string, Pending>();
  #pending: Pending[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sincePrune = 0;

  /** `commit` makes a transaction, in which `beforeCommit` is called. */
  constructor(database: DatabaseSync, commit: () => Promise<void>, now: () => number) {
    this.#commit = commit;
    this.#now = now;
    this.#insert =
      database.prepare(`INSERT INTO audit (at, who, source, what, subject, face, peer, result, times)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`);
    this.#update = database.prepare('UPDATE audit SET result = ?, subject = ?, times = ? WHERE seq = ?');
    this.#count = database.prepare('SELECT max(seq) AS newest FROM audit');
    this.#list = database.prepare(`SELECT * FROM audit WHERE seq < ?1 AND (?2 IS NULL OR who = ?2)
      AND (?3 IS NULL OR what = ?3) AND (?4 = 0 OR result IS NOT 'ok') ORDER BY seq DESC LIMIT ?5`);
    this.#prune = database.prepare('DELETE FROM audit WHERE at < ? OR seq < ?');
  }

  /** What is done from here on is not on disk without this. */
  begin(entry: AuditEntry): AuditNote {
    const pending = this.#add(entry);
    return {
      end: (result, subject) => {
        Object.assign(pending, { result, subject, isWritten: false });
        this.#flushLater();
      },
    };
  }

  /** A call that was refused; the same again within a minute is counted, not written anew. */
  refuse(entry: AuditEntry, result: string): void {
    const key = JSON.stringify([entry, result]);
    const same = this.#refused.get(key);
    if (same !== undefined && this.#now() - same.at < sameMs) {
      same.times += 1;
      if (same.isWritten) this.#pending.push(same);
      same.isWritten = false;
    } else {
      const [oldest] = this.#refused.keys();
      if (this.#refused.size >= mostPending && oldest !== undefined) this.#refused.delete(oldest);
      this.#refused.delete(key);
      this.#refused.set(key, Object.assign(this.#add(entry), { result }));
    }
    this.#flushLater();
  }

  /** The newest first. */
  list(filter: {
    readonly who?: string | undefined;
    readonly what?: string | undefined;
    readonly refusedOnly: boolean;
    readonly before?: number | undefined;
    readonly limit: number;
  }): AuditRow[] {
    const { who = null, what = null, refusedOnly, before = Number.MAX_SAFE_INTEGER, limit } = filter;
    return this.#list.all(before, who, what, refusedOnly ? 1 : 0, limit).map((row) => ({
      seq: Number(row['seq']),
      at: Number(row['at']),
      who: String(row['who']),
      source: String(row['source']),
      what: String(row['what']),
      subject: row['subject'] === null ? null : String(row['subject']),
      face: String(row['face']),
      peer: String(row['peer']),
      result: row['result'] === null ? null : String(row['result']),
      times: Number(row['times']),
    }));
  }

  /** Writes now what waits for the next commit. Rejects as any commit does. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending.some(({ isWritten }) => !isWritten)) await this.#commit();
  }

  /** Inside every transaction. */
  beforeCommit(): void {
    for (const each of this.#pending) {
      if (each.isWritten) continue;
      const { entry, at, subject, result, times } = each;
      if (each.seq === null) {
        const { who, source, what, face, peer } = entry;
        const row = this.#insert.get(at, who, source, what, subject, face, peer, result, times);
        each.seq = Number(row?.['seq']);
        each.isNew = true;
        this.#sincePrune += 1;
      } else {
        this.#update.run(result, subject, times, each.seq);
      }
      each.isWritten = true;
    }
    if (this.#sincePrune < pruneEvery) return;
    this.#sincePrune = 0;
    const newest = Number(this.#count.get()?.['newest'] ?? 0);
    this.#prune.run(this.#now() - keptMs, newest - mostRows);
  }

  afterCommit(): void {
    if (this.#pending.length === 0) return;
    for (const each of this.#pending) each.isNew = false;
    this.#pending = this.#pending.filter(({ result }) => result === null);
  }

  afterRollback(): void {
    for (const each of this.#pending) {
      if (each.isNew) each.seq = null;
      each.isNew = false;
      each.isWritten = false;
    }
  }

  #add(entry: AuditEntry): Pending {
    const pending: Pending = {
      entry,
      at: this.#now(),
      seq: null,
      isNew: false,
      result: null,
      subject: null,
      times: 1,
      isWritten: false,
    };
    if (this.#pending.length >= mostPending) this.#pending.shift();
    this.#pending.push(pending);
    return pending;
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      // On a full disk it waits for the next commit that succeeds; the writer tells of the disk.
      this.flush().catch(() => undefined);
    }, flushMs).unref();
  }
}
