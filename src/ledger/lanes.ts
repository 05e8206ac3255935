// What is remembered of lanes across a restart: which are paused.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventLog } from './event-log.ts';

export class Lanes {
  readonly #events: EventLog;
  readonly #paused: StatementSync;
  readonly #set: StatementSync;

  constructor(database: DatabaseSync, events: EventLog) {
    this.#events = events;
    this.#paused = database.prepare('SELECT name FROM lanes WHERE paused_at IS NOT NULL');
    this.#set = database.prepare(`INSERT INTO lanes (name, paused_at) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET paused_at = excluded.paused_at`);
  }

  paused(): Set<string> {
    return new Set(this.#paused.all().map((row) => String(row['name'])));
  }

  /** Inside a transaction of the writer; pausing a paused lane changes nothing. */
  setPaused(lane: string, isPaused: boolean, now: number): void {
    if (this.paused().has(lane) === isPaused) return;
    this.#set.run(lane, isPaused ? now : null);
    this.#events.append(now, isPaused ? 'lane.paused' : 'lane.resumed', null, null, { lane });
  }
}
