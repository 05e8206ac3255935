// Tokens beside the owner's, and the logins of browsers, which are tokens that live in a cookie. Only digests are kept:
// whoever reads the ledger can use none of them.

import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import type { Generation, TokenId } from '../core/ids.ts';
import type { Scope } from '../core/scope.ts';

export type TokenKind = 'token' | 'browser';

export interface TokenRecord {
  readonly id: TokenId;
  readonly kind: TokenKind;
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** `owner`, or the id of the token that made it. */
  readonly parent: string;
  readonly createdAt: number;
  /** null: never. */
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
  /** Of an earlier generation of the ledger, which has not been released yet: not good for now. */
  readonly isHeld: boolean;
}

export interface NewToken {
  readonly kind: TokenKind;
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly parent: string;
  readonly expiresAt: number | null;
}

/** Told apart at sight from other secrets, by people and by scanners. */
const prefix = 'homer_';
const shape = /^homer_[A-Za-z0-9_-]{43}$/;

/** Whether a text has the form of a token that is kept here, be it a good one or not. */
export function isStoredToken(text: string): boolean {
  return shape.test(text);
}

/** 256 random bits. */
export function newTokenText(): string {
  return prefix + randomBytes(32).toString('base64url');
}

const touchEveryMs = 600_000;
/** How long one that is good no more is still listed, ms. */
const keptMs = 30 * 86_400_000;

/** Every method that writes runs inside a transaction of the writer. */
export class Tokens {
  readonly #generation: Generation;
  readonly #insert: StatementSync;
  readonly #byDigest: StatementSync;
  readonly #byId: StatementSync;
  readonly #byName: StatementSync;
  readonly #all: StatementSync;
  readonly #children: StatementSync;
  readonly #redigest: StatementSync;
  readonly #revoke: StatementSync;
  readonly #touch: StatementSync;
  readonly #release: StatementSync;
  readonly #prune: StatementSync;
  readonly #listeners = new Set<(id: string) => void>();
  #ended: string[] = [];

  constructor(database: DatabaseSync, generation: Generation) {
    this.#generation = generation;
    this.#insert = database.prepare(`INSERT INTO tokens
      (id, kind, name, digest, scopes, parent, generation, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#byDigest = database.prepare('SELECT * FROM tokens WHERE digest = ?');
    this.#byId = database.prepare('SELECT * FROM tokens WHERE id = ?');
    this.#byName = database.prepare(
      "SELECT * FROM tokens WHERE name = ? AND kind = 'token' ORDER BY revoked_at IS NULL DESC, created_at DESC LIMIT 1",
    );
    this.#all = database.prepare('SELECT * FROM tokens ORDER BY created_at, id');
    this.#children = database.prepare('SELECT id FROM tokens WHERE parent = ? AND revoked_at IS NULL');
    this.#redigest = database.prepare(
      'UPDATE tokens SET digest = ?, generation = ?, last_used_at = NULL WHERE id = ?',
    );
    this.#revoke = database.prepare('UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL');
    this.#touch = database.prepare('UPDATE tokens SET last_used_at = ? WHERE id = ?');
    this.#release = database.prepare(
      "UPDATE tokens SET generation = ? WHERE kind = 'token' AND generation <> ?",
    );
    this.#prune = database.prepare(`DELETE FROM tokens WHERE coalesce(revoked_at, expires_at) < ?1
      OR (kind = 'browser' AND generation <> ?2)`);
  }

  /** The token that a text is, good at `now`; null for any other text. */
  verify(text: string, kind: TokenKind, now: number): TokenRecord | null {
    if (!isStoredToken(text)) return null;
    // Found by its digest: how long that takes tells nothing about the text.
    const token = this.#record(this.#byDigest.get(digestOf(text)));
    return token !== null && token.kind === kind && isGood(token, now) ? token : null;
  }

  /** By id, or the name of a token; HOMER_TOKEN_UNKNOWN. One that was revoked is found too. */
  get(idOrName: string): TokenRecord {
    const found = this.#record(this.#byId.get(idOrName) ?? this.#byName.get(idOrName));
    if (found === null) throw new HomerError('HOMER_TOKEN_UNKNOWN', `There is no token "${idOrName}".`);
    return found;
  }

  /** The oldest first; those that are good no more for another thirty days. */
  list(): TokenRecord[] {
    return this.#all.all().flatMap((row) => this.#record(row) ?? []);
  }

  /** HOMER_TOKEN_EXISTS when a token that is not revoked has the name. */
  add(id: TokenId, text: string, { kind, name, scopes, parent, expiresAt }: NewToken, now: number): void {
    this.#prune.run(now - keptMs, this.#generation);
    const namesake = kind === 'token' ? this.#record(this.#byName.get(name)) : null;
    if (namesake !== null && namesake.revokedAt === null)
      throw new HomerError('HOMER_TOKEN_EXISTS', `There is a token "${name}" already.`);
    const rights = JSON.stringify([...scopes]);
    this.#insert.run(id, kind, name, digestOf(text), rights, parent, this.#generation, now, expiresAt);
  }

  /** The token has another text from now on; what was opened with the old one is told to end. */
  replace(id: TokenId, text: string): void {
    this.#redigest.run(digestOf(text), this.#generation, id);
    this.#ended.push(id);
  }

  /** With all that were made by it; returns how many that were, itself counted. 0: it was revoked before. */
  revoke(id: string, now: number): number {
    if (this.#revoke.run(now, id).changes === 0) return 0;
    this.#ended.push(id);
    return 1 + this.revokeChildren(id, now);
  }

  /** Those made by a token, or by `owner`, and theirs; `kind` limits it to those. */
  revokeChildren(parent: string, now: number, kind: TokenKind | null = null): number {
    return this.#children
      .all(parent)
      .map((row) => String(row['id']))
      .filter((id) => kind === null || this.get(id).kind === kind)
      .reduce((sum, id) => sum + this.revoke(id, now), 0);
  }

  /** Whether its use at `now` is worth a write. */
  isUseNews({ lastUsedAt }: TokenRecord, now: number): boolean {
    return lastUsedAt === null || now - lastUsedAt >= touchEveryMs;
  }

  touch(id: TokenId, now: number): void {
    this.#touch.run(now, id);
  }

  /** A person has released the ledger: its tokens are good again. */
  release(): void {
    this.#release.run(this.#generation, this.#generation);
  }

  /** Calls back with the id of each token that was revoked, or replaced, once that is on disk; returns how to end that. */
  onRevoked(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The transaction is on disk. */
  afterCommit(): void {
    const ended = this.#ended;
    if (ended.length === 0) return;
    this.#ended = [];
    for (const id of new Set(ended)) for (const listener of this.#listeners) listener(id);
  }

  afterRollback(): void {
    this.#ended = [];
  }

  #record(row: Record<string, unknown> | undefined): TokenRecord | null {
    if (row === undefined) return null;
    const time = (value: unknown): number | null => (value === null ? null : Number(value));
    return {
      id: String(row['id']) as TokenId,
      kind: row['kind'] as TokenKind,
      name: String(row['name']),
      scopes: new Set(JSON.parse(String(row['scopes'])) as Scope[]),
      parent: String(row['parent']),
      createdAt: Number(row['created_at']),
      expiresAt: time(row['expires_at']),
      lastUsedAt: time(row['last_used_at']),
      revokedAt: time(row['revoked_at']),
      isHeld: row['generation'] !== this.#generation,
    };
  }
}

export function isGood({ revokedAt, expiresAt, isHeld }: TokenRecord, now: number): boolean {
  return revokedAt === null && (expiresAt === null || now < expiresAt) && !isHeld;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
