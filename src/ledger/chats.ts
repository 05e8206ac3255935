// What the ledger knows of chats: who was paired, and what each chat has chosen for its next messages.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface PairedPerson {
  /** The channel's own numeric id; names change hands. */
  readonly person: string;
  readonly name: string;
  readonly pairedAt: number;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Chats {
  readonly #pair: StatementSync;
  readonly #paired: StatementSync;
  readonly #unpair: StatementSync;
  readonly #choices: StatementSync;
  readonly #choose: StatementSync;

  constructor(database: DatabaseSync) {
    this.#pair = database.prepare(`INSERT INTO paired (channel, person, name, paired_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (channel, person) DO UPDATE SET name = excluded.name`);
    this.#paired = database.prepare('SELECT * FROM paired WHERE channel = ? ORDER BY paired_at');
    this.#unpair = database.prepare('DELETE FROM paired WHERE channel = ? AND person = ?');
    this.#choices = database.prepare('SELECT choices FROM chat_choices WHERE target = ?');
    this.#choose = database.prepare(`INSERT INTO chat_choices (target, choices) VALUES (?, ?)
      ON CONFLICT (target) DO UPDATE SET choices = excluded.choices`);
  }

  pair(channel: string, person: string, name: string, now: number): void {
    this.#pair.run(channel, person, name, now);
  }

  paired(channel: string): PairedPerson[] {
    return this.#paired.all(channel).map((row) => ({
      person: String(row['person']),
      name: String(row['name']),
      pairedAt: Number(row['paired_at']),
    }));
  }

  /** False: nobody of this id was paired. */
  unpair(channel: string, person: string): boolean {
    return this.#unpair.run(channel, person).changes > 0;
  }

  /** What the chat (or its topic) has chosen; empty when it has not. */
  choices(target: string): Readonly<Record<string, unknown>> {
    const text = this.#choices.get(target)?.['choices'];
    return typeof text === 'string' ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {};
  }

  choose(target: string, choices: Readonly<Record<string, unknown>>): void {
    this.#choose.run(target, JSON.stringify(choices));
  }
}
