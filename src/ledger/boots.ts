// Which ledger this is and which start of the daemon owns it: generation, boot epochs, and the held start.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { problem } from '../core/errors.ts';
import type { Generation } from '../core/ids.ts';

export interface Boot {
  readonly bootId: string;
  /** /proc/sys/kernel/random/boot_id of the host; null where there is none. */
  readonly hostBootId: string | null;
  readonly pid: number;
  readonly version: string;
}

export interface PastBoot {
  readonly epoch: number;
  readonly hostBootId: string | null;
  readonly startedAt: number;
  readonly readyAt: number | null;
  readonly endedAt: number | null;
  readonly ending: 'drained' | 'crashed' | null;
}

export class Boots {
  readonly #database: DatabaseSync;
  readonly #newest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#newest = database.prepare('SELECT max(epoch) AS epoch FROM boots');
  }

  readMeta(key: string): string | null {
    const value = this.#database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.['value'];
    return typeof value === 'string' ? value : null;
  }

  writeMeta(key: string, value: string): void {
    this.#database
      .prepare(
        'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      )
      .run(key, value);
  }

  /**
   * The generation of this ledger, and whether it starts held: a ledger that wakes up in another directory was copied
   * or moved, gets a new generation, and waits for a person before it runs anything.
   */
  settleGeneration(identity: string, fresh: Generation): { generation: Generation; held: boolean } {
    const known = this.readMeta('generation');
    const isNew = known === null;
    const moved = !isNew && this.readMeta('home') !== identity;
    if (isNew || moved) {
      this.writeMeta('generation', fresh);
      this.writeMeta('home', identity);
    }
    if (moved) this.writeMeta('held', '1');
    return {
      generation: isNew || moved ? fresh : (known as Generation),
      held: this.readMeta('held') === '1',
    };
  }

  /** A new epoch, newer than every other. */
  begin(boot: Boot, now: number): number {
    const row = this.#database
      .prepare(
        'INSERT INTO boots (boot_id, host_boot, pid, version, started_at) VALUES (?, ?, ?, ?, ?) RETURNING epoch',
      )
      .get(boot.bootId, boot.hostBootId, boot.pid, boot.version, now);
    return Number(row?.['epoch']);
  }

  newestEpoch(): number {
    return Number(this.#newest.get()?.['epoch'] ?? 0);
  }

  markReady(epoch: number, now: number): void {
    this.#database.prepare('UPDATE boots SET ready_at = ? WHERE epoch = ?').run(now, epoch);
  }

  markEnded(epoch: number, ending: 'drained' | 'crashed', now: number): void {
    this.#database
      .prepare('UPDATE boots SET ended_at = ?, ending = ? WHERE epoch = ?')
      .run(now, ending, epoch);
  }

  /** The boots before `epoch`, newest first. */
  before(epoch: number, limit: number): PastBoot[] {
    return this.#database
      .prepare('SELECT * FROM boots WHERE epoch < ? ORDER BY epoch DESC LIMIT ?')
      .all(epoch, limit)
      .map((row) => ({
        epoch: Number(row['epoch']),
        hostBootId: row['host_boot'] === null ? null : String(row['host_boot']),
        startedAt: Number(row['started_at']),
        readyAt: row['ready_at'] === null ? null : Number(row['ready_at']),
        endedAt: row['ended_at'] === null ? null : Number(row['ended_at']),
        ending: row['ending'] === null ? null : (String(row['ending']) as 'drained' | 'crashed'),
      }));
  }

  /** Every job that has not ended and does not run waits for a person; runs are ended by recovery, one by one. */
  holdJobs(now: number): number {
    const { code, message, hint } = problem('HOMER_HELD', 'ID');
    this.#database
      .prepare(
        `INSERT INTO events (at, type, job_id) SELECT ?, 'job.waiting', id FROM jobs
         WHERE state IN ('scheduled', 'queued', 'parked') ORDER BY seq`,
      )
      .run(now);
    const { changes } = this.#database
      .prepare(
        `UPDATE jobs SET state = 'waiting', error_code = ?, error_message = ?, error_hint = ?
         WHERE state IN ('scheduled', 'queued', 'parked')`,
      )
      .run(code, message, hint);
    return Number(changes);
  }

  /** The reverse: what waited only because Homer was held is queued again; returns how many jobs that were. */
  release(now: number): number {
    this.writeMeta('held', '0');
    this.#database
      .prepare(
        `INSERT INTO events (at, type, job_id) SELECT ?, 'job.queued', id FROM jobs
         WHERE state = 'waiting' AND error_code = 'HOMER_HELD' ORDER BY seq`,
      )
      .run(now);
    const { changes } = this.#database
      .prepare(
        `UPDATE jobs SET state = 'queued', error_code = NULL, error_message = NULL, error_hint = NULL
         WHERE state = 'waiting' AND error_code = 'HOMER_HELD'`,
      )
      .run();
    return Number(changes);
  }
}
