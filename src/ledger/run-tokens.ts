// The token with which a run speaks to the daemon. Nothing is stored per run: a token is an HMAC over the generation and
// the run, under a key of this ledger, and worked out again whenever one is shown. It is good while that run lives.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Generation, JobId, RunId } from '../core/ids.ts';
import type { Grant } from './grant.ts';
import { runsPerJob } from './run-record.ts';

/** In `meta`: 32 random bytes as hex. */
export const runKeyName = 'run_key';

/** Whether a text has the form of a run's token, be it a good one or not. */
export function isRunToken(text: string): boolean {
  return shape.test(text);
}

const shape = /^homer-run\.(r[0-9a-z]{19})\.([A-Za-z0-9_-]{43})$/;

export class RunTokens {
  readonly #key: Buffer;
  readonly #generation: Generation;
  readonly #epoch: number;
  readonly #current: StatementSync;

  constructor(database: DatabaseSync, key: string, generation: Generation, epoch: number) {
    this.#key = Buffer.from(key, 'hex');
    this.#generation = generation;
    this.#epoch = epoch;
    // Newest run of a job that runs, or waits while its run lives, in the hands of this boot.
    this.#current = database.prepare(`SELECT jobs.id, jobs.lane, jobs.fence FROM runs JOIN jobs
      ON jobs.id = runs.job_id AND runs.seq = jobs.seq * ${runsPerJob} + jobs.fence
      WHERE runs.id = ? AND runs.state <> 'ended' AND (jobs.state = 'running' OR jobs.live = 1) AND jobs.epoch = ?`);
  }

  mint(runId: RunId): string {
    return `homer-run.${runId}.${this.#mac(runId)}`;
  }

  /** The claim of the run that the token was made for; `ended` when it lives no more, null when the token is forged. */
  verify(token: string): Grant | 'ended' | null {
    const [, runId = '', mac = ''] = shape.exec(token) ?? [];
    const expected = Buffer.from(this.#mac(runId));
    const given = Buffer.from(mac);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    return this.current(runId as RunId) ?? 'ended';
  }

  /** The claim of a run that lives; null otherwise. */
  current(runId: RunId): Grant | null {
    const row = this.#current.get(runId, this.#epoch);
    if (row === undefined) return null;
    const token = `${this.#generation}.${this.#epoch}.${Number(row['fence'])}`;
    return { jobId: String(row['id']) as JobId, lane: String(row['lane']), runId, token, host: null };
  }

  #mac(runId: string): string {
    return createHmac('sha256', this.#key).update(`${this.#generation} ${runId}`).digest('base64url');
  }
}
