// Which ledger this is and which start of the daemon owns it: generation, boot epochs, and the held start.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { BootSpan } from '../core/digest.ts';
import { problem } from '../core/errors.ts';
import type { Generation } from '../core/ids.ts';

export interface Boot {
  readonly bootId: string;
  /** /proc/sys/kernel/random/boot_id of the host; null where there is none. */
  readonly hostBootId: string | null;
  readonly pid: number;
  readonly version: string;
  /** The last sign of life of whatever was there before, ms since the epoch; null or left out: none is known. */
  readonly lastSignAt?: number | null;
}

export interface PastBoot extends BootSpan {
  readonly epoch: number;
  readonly readyAt: number | null;
}

/** `home` of a ledger that was put back from a backup; no directory is called that. */
export const restoredHome = 'restored';
/** Followed by the epoch of the boot that found the ledger put back; there are as few of these as restores. */
const restoredPrefix = 'restored:';

const lineageName = 'lineage';

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
  settleGeneration(
    identity: string,
    fresh: Generation,
  ): { generation: Generation; held: boolean; restored: boolean } {
    const known = this.readMeta('generation');
    const isNew = known === null;
    const home = this.readMeta('home');
    const moved = !isNew && home !== identity;
    if (this.readMeta(lineageName) === null) this.writeMeta(lineageName, fresh);
    if (isNew || moved) {
      this.writeMeta('generation', fresh);
      this.writeMeta('home', identity);
    }
    if (moved) this.writeMeta('held', '1');
    return {
      generation: isNew || moved ? fresh : (known as Generation),
      held: this.readMeta('held') === '1',
      restored: moved && home === restoredHome,
    };
  }

  /** The same for a ledger through restores and moves, and for its copies: another generation is of the same lineage. */
  lineage(): string {
    return this.readMeta(lineageName) ?? '';
  }

  /** A new epoch, newer than every other; one that was killed gets the last sign of its life. */
  begin(boot: Boot, now: number, restored = false): number {
    this.#database
      .prepare(
        `UPDATE boots SET seen_at = max(started_at, ?, coalesce((SELECT at FROM events ORDER BY seq DESC LIMIT 1), 0))
         WHERE epoch = (SELECT max(epoch) FROM boots) AND ended_at IS NULL AND seen_at IS NULL`,
      )
      .run(boot.lastSignAt ?? 0);
    const row = this.#database
      .prepare(
        'INSERT INTO boots (boot_id, host_boot, pid, version, started_at) VALUES (?, ?, ?, ?, ?) RETURNING epoch',
      )
      .get(boot.bootId, boot.hostBootId, boot.pid, boot.version, now);
    const epoch = Number(row?.['epoch']);
    if (restored) this.writeMeta(`${restoredPrefix}${epoch}`, '1');
    return epoch;
  }

  newestEpoch(): number {
    return Number(this.#newest.get()?.['epoch'] ?? 0);
  }

  markReady(epoch: number, now: number): void {
    this.#database.prepare('UPDATE boots SET ready_at = ? WHERE epoch = ?').run(now, epoch);
  }

  markEnded(epoch: number, ending: 'drained' | 'crashed', why: string | null, now: number): void {
    this.#database
      .prepare('UPDATE boots SET ended_at = ?, ending = ?, why = ? WHERE epoch = ?')
      .run(now, ending, why, epoch);
  }

  /** The boots before `epoch`, newest first. */
  before(epoch: number, limit: number): PastBoot[] {
    return this.#database
      .prepare(
        `SELECT *, EXISTS (SELECT 1 FROM meta WHERE key = ? || epoch) AS restored FROM boots
         WHERE epoch < ? ORDER BY epoch DESC LIMIT ?`,
      )
      .all(restoredPrefix, epoch, limit)
      .map(bootFromRow);
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

function bootFromRow(row: Record<string, SQLOutputValue>): PastBoot {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
  const integer = (name: string): number | null => (typeof row[name] === 'number' ? row[name] : null);
  return {
    epoch: Number(row['epoch']),
    hostBootId: text('host_boot'),
    version: String(row['version']),
    startedAt: Number(row['started_at']),
    readyAt: integer('ready_at'),
    endedAt: integer('ended_at'),
    ending: text('ending') as PastBoot['ending'],
    why: text('why'),
    seenAt: integer('seen_at'),
    isRestored: row['restored'] === 1,
  };
}
