// Jobs as people ask for them: accept, look, cancel, retry.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HomerError, problem } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import { isEnded, orderKey, type JobState, type OnInterrupt } from '../core/job.ts';
import { isCanary } from '../core/canary.ts';
import { isUsersWork } from './canaries.ts';
import type { Deliveries } from './deliveries.ts';
import type { EventLog } from './event-log.ts';
import {
  jobFromRow,
  movableFromRow,
  selectJob,
  type JobMoves,
  type JobRecord,
  type Move,
} from './job-record.ts';
import { assertOpen, type Sessions } from './sessions.ts';

export interface JobDraft {
  readonly id: JobId;
  readonly source: string;
  /** The idempotency key with a hash of what was asked; the pair decides whether a repetition is the same request. */
  readonly key: string | null;
  readonly bodyHash: string;
  readonly lane: string;
  readonly executor: string;
  readonly sessionId: string | null;
  readonly prompt: string;
  readonly cwd: string;
  readonly priority: number;
  /** Milliseconds since the epoch; null: now. */
  readonly runAfter: number | null;
  readonly maxAttempts: number;
  readonly maxCrashes: number;
  readonly timeoutMs: number;
  readonly onInterrupt: OnInterrupt;
  readonly notify: string | null;
  /** A result that says just this is told to nobody, and no message follows the job. */
  readonly quiet?: string | null;
  /** The job whose agent asked for this one. */
  readonly parentId?: JobId | null;
  /** Executors to go on with, in order, when one has reached a usage limit. */
  readonly fallback?: readonly string[];
  /** Limits of all its runs together. */
  readonly maxTurns?: number | null;
  readonly maxTokens?: number | null;
  readonly maxCostUsd?: number | null;
  /** It works in a git worktree of its own. */
  readonly worktree?: boolean;
}

export interface JobFilter {
  readonly state?: JobState | undefined;
  readonly lane?: string | undefined;
  /** Only children of this job. */
  readonly parentId?: JobId | undefined;
  readonly sessionId?: string | undefined;
  readonly limit: number;
  /** Only jobs older than this sequence number. */
  readonly before?: number | undefined;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Jobs {
  readonly #database: DatabaseSync;
  readonly #moves: JobMoves;
  readonly #events: EventLog;
  readonly #sessions: Sessions;
  readonly #deliveries: Deliveries;
  readonly #findKey: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertPrompt: StatementSync;
  readonly #requestCancel: StatementSync;
  readonly #due: StatementSync;
  readonly #dueNext: StatementSync;
  readonly #nextDue: StatementSync;
  readonly #queuedInLane: StatementSync;
  readonly #lanesWithQueued: StatementSync;

  constructor(
    database: DatabaseSync,
    moves: JobMoves,
    events: EventLog,
    sessions: Sessions,
    deliveries: Deliveries,
  ) {
    this.#database = database;
    this.#moves = moves;
    this.#events = events;
    this.#sessions = sessions;
    this.#deliveries = deliveries;
    this.#findKey = database.prepare('SELECT body_hash, job_id FROM inbox WHERE source = ? AND key = ?');
    this.#insertKey = database.prepare(
      'INSERT INTO inbox (source, key, body_hash, job_id, received_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#insert =
      database.prepare(`INSERT INTO jobs (id, state, lane, order_key, due_at, created_at, queued_at,
      executor, source, key, session_id, cwd, priority, max_attempts, max_crashes, timeout_ms, on_interrupt, notify,
      behind, parent_id, fallback, max_turns, max_tokens, max_cost_usd, worktree, quiet)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#insertPrompt = database.prepare('INSERT INTO prompts (seq, prompt) VALUES (?, ?)');
    this.#requestCancel = database.prepare('UPDATE jobs SET cancel_requested_at = ? WHERE seq = ?');
    const isDue = "due_at IS NOT NULL AND state IN ('scheduled', 'queued', 'parked')";
    this.#due = database.prepare(
      `SELECT seq, id, state, session_id, due_at, priority FROM jobs WHERE ${isDue} AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
    );
    this.#dueNext = database.prepare(
      `${selectJob} WHERE ${isDue} AND ${isUsersWork} ORDER BY due_at, seq LIMIT ?`,
    );
    this.#nextDue = database.prepare(`SELECT min(due_at) AS due FROM jobs WHERE ${isDue}`);
    this.#queuedInLane = database.prepare(
      "SELECT count(*) AS jobs FROM jobs WHERE lane = ? AND state = 'queued' AND due_at IS NULL",
    );
    this.#lanesWithQueued = database.prepare(
      `WITH RECURSIVE found (lane) AS (
         SELECT min(lane) FROM jobs WHERE state = 'queued' AND due_at IS NULL
         UNION ALL
         SELECT (SELECT min(lane) FROM jobs WHERE state = 'queued' AND due_at IS NULL AND lane > found.lane)
         FROM found WHERE found.lane IS NOT NULL)
       SELECT lane FROM found WHERE lane IS NOT NULL`,
    );
  }

  /** The job that this key was used for, null if for none. HOMER_KEY_REUSED when that was another request. */
  findAccepted(source: string, key: string, bodyHash: string): JobId | null {
    const known = this.#findKey.get(source, key);
    if (known === undefined) return null;
    if (known['body_hash'] === bodyHash) return String(known['job_id']) as JobId;
    throw new HomerError('HOMER_KEY_REUSED', `The key "${key}" belongs to job ${String(known['job_id'])}.`);
  }

  /** The job of this (source, key), or a new one; errors as `findAccepted`. */
  accept(draft: JobDraft, now: number): { id: JobId; created: boolean } {
    if (draft.key !== null) {
      const known = this.findAccepted(draft.source, draft.key, draft.bodyHash);
      if (known !== null) return { id: known, created: false };
      this.#insertKey.run(draft.source, draft.key, draft.bodyHash, draft.id, now);
    }
    const later = draft.runAfter !== null && draft.runAfter > now;
    const state = later ? 'scheduled' : 'queued';
    const { lastInsertRowid } = this.#insert.run(
      draft.id,
      state,
      draft.lane,
      orderKey(later ? (draft.runAfter ?? now) : now, draft.priority),
      later ? draft.runAfter : null,
      now,
      later ? null : now,
      draft.executor,
      draft.source,
      draft.key,
      draft.sessionId,
      draft.cwd,
      draft.priority,
      draft.maxAttempts,
      draft.maxCrashes,
      draft.timeoutMs,
      draft.onInterrupt,
      draft.notify,
      !later && draft.sessionId !== null && this.#moves.isLineTaken(draft.sessionId) ? 1 : 0,
      draft.parentId ?? null,
      draft.fallback === undefined || draft.fallback.length === 0 ? null : JSON.stringify(draft.fallback),
      draft.maxTurns ?? null,
      draft.maxTokens ?? null,
      draft.maxCostUsd ?? null,
      draft.worktree === true ? 1 : 0,
      draft.quiet ?? null,
    );
    this.#insertPrompt.run(lastInsertRowid, draft.prompt);
    if (isCanary(draft.lane)) this.#events.mute(draft.id);
    this.#events.append(now, `job.${state}`, draft.id, null, null);
    if (draft.notify !== null && (draft.quiet ?? null) === null)
      this.#deliveries.announce(draft.id, draft.notify, now);
    return { id: draft.id, created: true };
  }

  find(id: JobId): JobRecord | null {
    return this.#moves.find(id);
  }

  get(id: JobId): JobRecord {
    return this.#moves.get(id);
  }

  /** Newest first. */
  list(filter: JobFilter): JobRecord[] {
    const where: string[] = ['seq < ?'];
    const values: (string | number)[] = [filter.before ?? Number.MAX_SAFE_INTEGER];
    // Written out, not bound: only then may SQLite use an index that covers just this state.
    if (filter.state !== undefined) where.push(`state = '${filter.state}'`);
    where.push(filter.lane === undefined ? isUsersWork : 'lane = ?');
    if (filter.lane !== undefined) values.push(filter.lane);
    if (filter.parentId !== undefined) {
      where.push('parent_id = ?');
      values.push(filter.parentId);
    }
    if (filter.sessionId !== undefined) {
      where.push('session_id = ?');
      values.push(filter.sessionId);
    }
    const statement = this.#database.prepare(
      `${selectJob} WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`,
    );
    return statement.all(...values, filter.limit).map(jobFromRow);
  }

  /**
   * A job that does not run is cancelled at once; for one that does the wish is written down and the worker is to end
   * the run. HOMER_JOB_ENDED when there is nothing left to cancel.
   */
  cancel(id: JobId, now: number): JobRecord {
    const job = this.#moves.get(id);
    if (job.state === 'cancelled') return job;
    if (isEnded(job.state)) throw new HomerError('HOMER_JOB_ENDED', `Job ${id} has ${job.state}.`);
    if (job.state === 'running' || job.isLive) {
      if (job.cancelRequestedAt !== null) return job;
      this.#requestCancel.run(now, job.seq);
      this.#events.append(now, 'job.cancel_requested', id, null, null);
      return { ...job, cancelRequestedAt: now };
    }
    return this.#moves.move(
      job,
      { state: 'cancelled', dueAt: null, endedAt: now, error: problem('HOMER_CANCELLED', id) },
      now,
    );
  }

  /** Queues the job now, with fresh budgets. HOMER_JOB_NOT_ENDED while it runs, HOMER_JOB_ENDED when it succeeded. */
  retry(id: JobId, now: number): JobRecord {
    const job = this.#moves.get(id);
    if (job.state === 'succeeded') throw new HomerError('HOMER_JOB_ENDED', `Job ${id} has succeeded.`);
    if (job.isPruned)
      throw new HomerError('HOMER_JOB_PRUNED', `What job ${id} was to do is not kept any more.`);
    if (job.state === 'running' || job.isLive)
      throw new HomerError('HOMER_JOB_NOT_ENDED', `Job ${id} is ${job.state}, and its run goes on.`);
    if (job.state === 'queued' && job.dueAt === null) return job;
    const session = job.sessionId === null ? null : this.#sessions.find(job.sessionId);
    if (session !== null) assertOpen(session);
    // Whoever retries it agrees that the lost session is replaced.
    const isLost = job.error?.code === 'HOMER_SESSION_LOST';
    if (isLost) this.#sessions.forgetAgentSession(id);
    return this.#moves.move(
      job,
      {
        state: 'queued',
        dueAt: null,
        orderKey: orderKey(now, job.priority),
        queuedAt: now,
        endedAt: null,
        attempts: 0,
        crashes: 0,
        parks: 0,
        cancelRequestedAt: null,
        error: null,
        resultText: null,
        resultData: null,
        countedFrom: job.fence,
        ...(isLost ? { agentSessionId: null } : {}),
      },
      now,
      null,
      { byHand: true },
    );
  }

  /** Queues up to `limit` jobs whose time has come; returns how many there were. */
  promoteDue(now: number, limit: number): number {
    const due = this.#due.all(now, limit);
    for (const row of due) {
      const place = orderKey(Number(row['due_at']), Number(row['priority']));
      const move: Move = { state: 'queued', dueAt: null, queuedAt: now, orderKey: place };
      this.#moves.move(movableFromRow(row), move, now);
    }
    return due.length;
  }

  /** When the next scheduled, parked or backed-off job is due, ms since the epoch; null: none is. */
  nextDueAt(): number | null {
    const due = this.#nextDue.get()?.['due'];
    return typeof due === 'number' ? due : null;
  }

  /** Scheduled, parked and backed-off jobs, the next one first. */
  dueNext(limit: number): JobRecord[] {
    return this.#dueNext.all(limit).map(jobFromRow);
  }

  /** Every lane that has queued jobs, configured or not; one index seek per lane, however many jobs there are. */
  lanesWithQueued(): string[] {
    return this.#lanesWithQueued.all().map((row) => String(row['lane']));
  }

  queuedIn(lane: string): number {
    return Number(this.#queuedInLane.get(lane)?.['jobs'] ?? 0);
  }
}
