// What webhooks have received: rows of the inbox, which live as long as those of any other key. A delivery may have several.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import { bodyKeyPrefix, type DeliveryKeys } from '../core/hook.ts';
import type { JobId } from '../core/ids.ts';

export class HookReceipts {
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #tally: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT body_hash, job_id FROM inbox WHERE source = ? AND key = ?');
    this.#insert = database.prepare(
      'INSERT OR IGNORE INTO inbox (source, key, body_hash, job_id, received_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#tally = database.prepare(
      'SELECT count(DISTINCT job_id) AS jobs, max(received_at) AS last FROM inbox WHERE source = ?',
    );
  }

  /**
   * The job that was made of this delivery, null if it is new. HOMER_KEY_REUSED when its id, which proves nothing, came
   * with another body before.
   */
  find(source: string, { key, more, isKeyEnough }: DeliveryKeys, bodyHash: string): JobId | null {
    // What was sent decides before what it is called.
    for (const each of [...more, key]) {
      const row = this.#find.get(source, each);
      if (row === undefined) continue;
      if (isKeyEnough || each.startsWith(bodyKeyPrefix) || row['body_hash'] === bodyHash)
        return String(row['job_id']) as JobId;
      throw new HomerError(
        'HOMER_KEY_REUSED',
        `A delivery with this id and another body became job ${String(row['job_id'])}.`,
      );
    }
    return null;
  }

  /** Remembers the delivery under its further keys; inside the transaction of the writer that accepts its job. */
  note(source: string, { more }: DeliveryKeys, bodyHash: string, jobId: JobId, now: number): void {
    for (const key of more) this.#insert.run(source, key, bodyHash, jobId, now);
  }

  /** How many jobs came of it, and when the last one did (ms; null: none). */
  tally(source: string): { readonly jobs: number; readonly lastAt: number | null } {
    const { jobs = 0, last } = this.#tally.get(source) ?? {};
    return { jobs: Number(jobs), lastAt: typeof last === 'number' ? last : null };
  }
}
