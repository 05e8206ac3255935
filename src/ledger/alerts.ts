// Alerts and silences, as they survive a restart. Every method that writes runs inside a transaction of the writer.

import type { DatabaseSync } from 'node:sqlite';
import type { Alert, AlertRule, Silence } from '../core/alerts.ts';
import { HomerError } from '../core/errors.ts';

export class Alerts {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  all(): Alert[] {
    return this.#database
      .prepare('SELECT state FROM alerts ORDER BY rule, subject')
      .all()
      .map((row) => JSON.parse(String(row['state'])) as Alert);
  }

  /** In the place of what was there. */
  write(alerts: readonly Alert[]): void {
    this.#database.exec('DELETE FROM alerts');
    const insert = this.#database.prepare('INSERT INTO alerts (rule, subject, state) VALUES (?, ?, ?)');
    for (const alert of alerts) insert.run(alert.rule, alert.subject, JSON.stringify(alert));
  }

  /** Those that are in force. */
  silences(now: number): Silence[] {
    return this.#database
      .prepare('SELECT * FROM silences WHERE until > ? ORDER BY until, id')
      .all(now)
      .map((row) => ({
        id: String(row['id']),
        rule: String(row['rule']) as AlertRule,
        subject: typeof row['subject'] === 'string' ? row['subject'] : null,
        until: Number(row['until']),
      }));
  }

  silence({ id, rule, subject, until }: Silence, by: string, now: number): void {
    this.#database.prepare('DELETE FROM silences WHERE until <= ?').run(now);
    this.#database.prepare('INSERT INTO silences VALUES (?, ?, ?, ?, ?)').run(id, rule, subject, until, by);
  }

  /** HOMER_SILENCE_UNKNOWN */
  unsilence(id: string): void {
    if (this.#database.prepare('DELETE FROM silences WHERE id = ?').run(id).changes === 0)
      throw new HomerError('HOMER_SILENCE_UNKNOWN', `There is no silence ${id}.`);
  }
}
