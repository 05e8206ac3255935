// What `homer doctor` wants to know of a ledger, read in one go: by the daemon from the one it works on, by the doctor itself from
// the file of one that nobody works on. Only what indices answer, so that a million jobs cost no more than ten.

import type { DatabaseSync } from 'node:sqlite';
import { missingIndices } from './indices.ts';

/** Times are ms since the epoch; it travels as JSON. */
export interface LedgerFacts {
  /** PRAGMA user_version: the last migration that was applied. */
  readonly schema: number;
  readonly journal: string;
  /** PRAGMA synchronous of whoever read this: 2 is FULL. */
  readonly synchronous: number;
  readonly bytes: number;
  readonly isHeld: boolean;
  readonly lastEventAt: number | null;
  readonly missingIndices: readonly string[];
  /** Newest first, at most ten. */
  readonly boots: readonly BootFact[];
  readonly failedUnseen: number;
  /** By the reason of the last parking. */
  readonly parked: readonly {
    readonly code: string | null;
    readonly jobs: number;
    readonly until: number | null;
  }[];
  /** When the one that waits for a person longest was asked. */
  readonly waitingSince: number | null;
  readonly waiting: number;
  /** Jobs that have not ended, by lane and executor. */
  readonly open: readonly { readonly lane: string; readonly executor: string; readonly jobs: number }[];
  readonly openRuns: readonly {
    readonly id: string;
    readonly startedAt: number | null;
    readonly host: string | null;
  }[];
  readonly schedules: readonly ScheduleFact[];
  readonly deliveries: {
    readonly unknown: number;
    readonly dead: number;
    readonly oldestPendingAt: number | null;
  };
  readonly tokens: readonly TokenFact[];
  readonly workers: readonly { readonly name: string; readonly seenAt: number | null }[];
  readonly pairedChats: number;
  readonly pausedLanes: readonly string[];
  /** When the oldest job that is kept was made. */
  readonly oldestJobAt: number | null;
  /** Calls of the last day with no token, a wrong one, or one that lacked the right. */
  readonly refused: number;
}

export interface BootFact {
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly ending: string | null;
}

export interface ScheduleFact {
  readonly name: string;
  readonly kind: string;
  readonly spec: string;
  readonly timeZone: string;
  readonly pausedBy: string | null;
  readonly failures: number;
  readonly nextAt: number | null;
}

export interface TokenFact {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly expiresAt: number | null;
}

const dayMs = 86_400_000;
/** As long as the status counts failures as news. */
const newsMs = 7 * dayMs;
const notEnded = "('scheduled', 'queued', 'running', 'waiting', 'parked')";

/** Reads and changes nothing; throws as SQLite does. */
export function readFacts(database: DatabaseSync, now: number): LedgerFacts {
  const all = (sql: string, ...values: number[]): Record<string, unknown>[] =>
    database.prepare(sql).all(...values);
  const one = (sql: string, ...values: number[]): unknown =>
    Object.values(database.prepare(sql).get(...values) ?? {})[0];
  return {
    schema: Number(one('PRAGMA user_version')),
    journal: String(one('PRAGMA journal_mode')),
    synchronous: Number(one('PRAGMA synchronous')),
    bytes: Number(one('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')),
    isHeld: one("SELECT value FROM meta WHERE key = 'held'") === '1',
    lastEventAt: time(one('SELECT at FROM events ORDER BY seq DESC LIMIT 1')),
    missingIndices: missingIndices(database),
    boots: all('SELECT started_at, ended_at, ending FROM boots ORDER BY epoch DESC LIMIT 10').map((row) => ({
      startedAt: Number(row['started_at']),
      endedAt: time(row['ended_at']),
      ending: text(row['ending']),
    })),
    failedUnseen: Number(
      one(
        `SELECT count(*) FROM jobs WHERE state = 'failed' AND parent_id IS NULL AND ended_at > ?
          AND NOT EXISTS (SELECT 1 FROM seen_failures WHERE job_id = jobs.id AND seen_at >= ended_at)`,
        now - newsMs,
      ),
    ),
    parked: all(
      `SELECT error_code, count(*) AS jobs, min(due_at) AS until FROM jobs WHERE state = 'parked' GROUP BY error_code`,
    ).map((row) => ({ code: text(row['error_code']), jobs: Number(row['jobs']), until: time(row['until']) })),
    waitingSince: time(one("SELECT min(asked_at) FROM approvals WHERE state IN ('pending', 'answering')")),
    waiting: Number(one("SELECT count(*) FROM jobs WHERE state = 'waiting'")),
    open: all(
      `SELECT lane, executor, count(*) AS jobs FROM (SELECT lane, executor FROM jobs WHERE state IN ${notEnded} LIMIT 100000)
        GROUP BY lane, executor`,
    ).map((row) => ({
      lane: String(row['lane']),
      executor: String(row['executor']),
      jobs: Number(row['jobs']),
    })),
    openRuns: all(
      `SELECT runs.id, runs.started_at, runs.host FROM jobs JOIN runs ON runs.seq = jobs.seq * 1048576 + jobs.fence
        WHERE (jobs.state = 'running' OR jobs.live = 1) AND runs.state <> 'ended'`,
    ).map((row) => ({ id: String(row['id']), startedAt: time(row['started_at']), host: text(row['host']) })),
    schedules: all('SELECT * FROM schedules WHERE removed_at IS NULL ORDER BY seq').map((row) => ({
      name: String(row['name']),
      kind: String(row['kind']),
      spec: String(row['spec']),
      timeZone: String(row['time_zone']),
      pausedBy: text(row['paused_by']),
      failures: Number(row['failures']),
      nextAt: time(row['next_at']),
    })),
    deliveries: {
      unknown: Number(one("SELECT count(*) FROM deliveries WHERE state = 'unknown'")),
      dead: Number(one("SELECT count(*) FROM deliveries WHERE state = 'dead'")),
      oldestPendingAt: time(
        one("SELECT min(created_at) FROM deliveries WHERE state IN ('pending', 'sending')"),
      ),
    },
    tokens: all("SELECT * FROM tokens WHERE kind = 'token' AND revoked_at IS NULL").map((row) => ({
      name: String(row['name']),
      scopes: JSON.parse(String(row['scopes'])) as string[],
      createdAt: Number(row['created_at']),
      lastUsedAt: time(row['last_used_at']),
      expiresAt: time(row['expires_at']),
    })),
    workers: all('SELECT name, seen_at FROM workers').map((row) => ({
      name: String(row['name']),
      seenAt: time(row['seen_at']),
    })),
    pairedChats: Number(one('SELECT count(*) FROM paired')),
    pausedLanes: all('SELECT name FROM lanes WHERE paused_at IS NOT NULL').map((row) => String(row['name'])),
    oldestJobAt: time(one('SELECT created_at FROM jobs ORDER BY seq LIMIT 1')),
    refused: Number(
      one(
        `SELECT coalesce(sum(times), 0) FROM (SELECT at, result, times FROM audit ORDER BY seq DESC LIMIT 10000)
          WHERE at > ? AND result IN ('HOMER_TOKEN_MISSING', 'HOMER_TOKEN_WRONG', 'HOMER_SCOPE_MISSING')`,
        now - dayMs,
      ),
    ),
  };
}

function time(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
