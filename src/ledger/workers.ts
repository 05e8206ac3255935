// The workers on other hosts that were let in. What they are doing is not here: their runs are rows like any other.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';

export interface WorkerRecord {
  readonly name: string;
  /** Derived from its token: 32 bytes, hex. */
  readonly key: string;
  /** The only lanes it may be given jobs of; null: all. */
  readonly lanes: readonly string[] | null;
  readonly addedAt: number;
  /** Null: never. */
  readonly seenAt: number | null;
  /** What it said of itself when it was last there, JSON text. */
  readonly about: string | null;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Workers {
  readonly #all: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #seen: StatementSync;

  constructor(database: DatabaseSync) {
    this.#all = database.prepare('SELECT * FROM workers ORDER BY name');
    this.#insert = database.prepare('INSERT INTO workers (name, key, lanes, added_at) VALUES (?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM workers WHERE name = ?');
    this.#seen = database.prepare('UPDATE workers SET seen_at = ?, about = ? WHERE name = ?');
  }

  all(): WorkerRecord[] {
    return this.#all.all().map(workerFromRow);
  }

  /** HOMER_WORKER_EXISTS */
  add({ name, key, lanes }: Pick<WorkerRecord, 'name' | 'key' | 'lanes'>, now: number): void {
    if (this.all().some((worker) => worker.name === name))
      throw new HomerError('HOMER_WORKER_EXISTS', `There is a worker "${name}" already.`);
    this.#insert.run(name, key, lanes === null ? null : JSON.stringify(lanes), now);
  }

  /** HOMER_WORKER_UNKNOWN */
  remove(name: string): void {
    if (this.#delete.run(name).changes === 0)
      throw new HomerError('HOMER_WORKER_UNKNOWN', `There is no worker "${name}".`);
  }

  noteSeen(name: string, about: unknown, now: number): void {
    this.#seen.run(now, JSON.stringify(about), name);
  }
}

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);

function workerFromRow(row: Record<string, SQLOutputValue>): WorkerRecord {
  const lanes = text(row['lanes']);
  return {
    name: String(row['name']),
    key: String(row['key']),
    lanes: lanes === null ? null : (JSON.parse(lanes) as readonly string[]),
    addedAt: Number(row['added_at']),
    seenAt: typeof row['seen_at'] === 'number' ? row['seen_at'] : null,
    about: text(row['about']),
  };
}
