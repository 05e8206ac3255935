// The indices that the migrations make, held against those that a ledger has: without one a claim reads every job there is.

import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { readMigrations } from './database.ts';

const ownIndices =
  "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";

/** Their names; of a ledger whose schema is older or newer than this Homer's nothing is claimed. */
export function missingIndices(database: DatabaseSync): string[] {
  return missing(database).map(({ name }) => name);
}

/** Makes those that are missing; returns their names. The ledger must be ours alone. */
export function makeMissingIndices(database: DatabaseSync): string[] {
  return missing(database).map(({ name, sql }) => {
    database.exec(sql);
    return name;
  });
}

function missing(database: DatabaseSync): { readonly name: string; readonly sql: string }[] {
  const migrations = readMigrations();
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version !== migrations.at(-1)?.version) return [];
  const there = new Set(
    database
      .prepare(ownIndices)
      .all()
      .map((row) => String(row['name'])),
  );
  return wanted(migrations.map(({ file }) => readFileSync(file, 'utf8'))).filter(
    ({ name }) => !there.has(name),
  );
}

function wanted(migrations: readonly string[]): { readonly name: string; readonly sql: string }[] {
  const model = new DatabaseSync(':memory:');
  try {
    for (const sql of migrations) model.exec(sql);
    return model
      .prepare(ownIndices)
      .all()
      .map((row) => ({ name: String(row['name']), sql: String(row['sql']) }));
  } finally {
    model.close();
  }
}
