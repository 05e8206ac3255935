// What must hold in every ledger, whatever happened to the machine: asked of a copy, never of the one at work.

import type { DatabaseSync } from 'node:sqlite';

interface Invariant {
  readonly what: string;
  /** Selects one number: how many rows break it. */
  readonly sql: string;
}

const ended = "('succeeded', 'failed', 'cancelled')";

/** All of them hold for every version of the schema. */
const invariants: readonly Invariant[] = [
  { what: 'generation', sql: "SELECT count(*) <> 1 AS broken FROM meta WHERE key = 'generation'" },
  {
    what: 'jobs that have not ended and lack their prompt',
    sql: `SELECT count(*) AS broken FROM jobs LEFT JOIN prompts USING (seq) WHERE prompts.seq IS NULL AND state NOT IN ${ended}`,
  },
  {
    what: 'prompts without a job',
    sql: 'SELECT count(*) AS broken FROM prompts LEFT JOIN jobs USING (seq) WHERE jobs.seq IS NULL',
  },
  {
    what: 'jobs whose end and state differ',
    sql: `SELECT count(*) AS broken FROM jobs WHERE (state IN ${ended}) <> (ended_at IS NOT NULL)`,
  },
  {
    what: 'runs without their job',
    sql: 'SELECT count(*) AS broken FROM runs LEFT JOIN jobs ON jobs.seq = runs.seq / 1048576 WHERE jobs.id IS NOT runs.job_id',
  },
  {
    what: 'running jobs without a run',
    sql: `SELECT count(*) AS broken FROM jobs LEFT JOIN runs ON runs.seq = jobs.seq * 1048576 + jobs.fence
      WHERE jobs.state = 'running' AND (runs.seq IS NULL OR runs.state = 'ended')`,
  },
  {
    what: 'jobs that ended while a run of theirs goes on',
    sql: `SELECT count(*) AS broken FROM runs JOIN jobs ON jobs.seq = runs.seq / 1048576
      WHERE runs.state <> 'ended' AND jobs.state IN ${ended}`,
  },
  {
    what: 'keys of jobs that are not there',
    sql: 'SELECT count(*) AS broken FROM inbox WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = inbox.job_id)',
  },
  { what: 'events', sql: 'SELECT count(*) = 0 AS broken FROM (SELECT 1 FROM events LIMIT 1)' },
];

/** Sentences; empty when all holds. Throws as SQLite does for a file that it cannot read. */
export function findBroken(database: DatabaseSync): string[] {
  return invariants.flatMap(({ what, sql }) => {
    const broken = Number(database.prepare(sql).get()?.['broken'] ?? 0);
    return broken === 0 ? [] : [`${what}: ${broken}`];
  });
}

/** What SQLite itself finds wrong in the file; empty when it is whole. */
export function findDamage(database: DatabaseSync): string[] {
  return database
    .prepare('PRAGMA integrity_check(20)')
    .all()
    .map((row) => String(row['integrity_check']))
    .filter((line) => line !== 'ok');
}
