// A row of `jobs` as a value, and the one statement that writes a move of it.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { ErrorCode, Problem } from '../core/errors.ts';
import { HomerError } from '../core/errors.ts';
import type { JobId, RunId } from '../core/ids.ts';
import { assertMove, isEnded, type JobState, type OnInterrupt, type WaitingFor } from '../core/job.ts';
import type { Deliveries } from './deliveries.ts';
import type { EventLog } from './event-log.ts';
import { SessionLine } from './session-line.ts';

export interface JobRecord {
  readonly seq: number;
  readonly id: JobId;
  readonly state: JobState;
  readonly lane: string;
  readonly orderKey: number;
  readonly dueAt: number | null;
  /** How often a run of the job was granted; the newest grant is the only one that may settle. */
  readonly fence: number;
  /** The boot that owns the running claim. */
  readonly epoch: number | null;
  readonly attempts: number;
  readonly crashes: number;
  readonly parks: number;
  readonly cancelRequestedAt: number | null;
  readonly createdAt: number;
  readonly queuedAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly executor: string;
  readonly source: string;
  readonly key: string | null;
  readonly sessionId: string | null;
  /** Absolute, or relative to the state directory when it is inside. */
  readonly cwd: string;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly maxCrashes: number;
  readonly timeoutMs: number;
  readonly onInterrupt: OnInterrupt;
  readonly notify: string | null;
  readonly agentSessionId: string | null;
  /** The host from which its conversation was moved; null: it was not. */
  readonly movedFrom: string | null;
  readonly error: Problem | null;
  /** An earlier turn of its session has not ended: queued, and not to be claimed yet. */
  readonly isBehind: boolean;
  /** It waits while its run lives on. */
  readonly isLive: boolean;
  readonly waitingFor: WaitingFor | null;
  /** The job whose agent asked for this one. */
  readonly parentId: JobId | null;
  /** Executors to go on with, in order, when one has reached a usage limit. */
  readonly fallback: readonly string[];
  /** Limits of all its runs together; null: none. */
  readonly maxTurns: number | null;
  readonly maxTokens: number | null;
  readonly maxCostUsd: number | null;
  /** Only runs with a greater fence count against these limits. */
  readonly countedFrom: number;
  /** It works in a git worktree of its own. */
  readonly worktree: boolean;
  /** Empty once it was removed with age. */
  readonly prompt: string;
  /** Of what was asked and answered nothing is left: only its key is still answered. */
  readonly isPruned: boolean;
  readonly resultText: string | null;
  /** JSON text. */
  readonly resultData: string | null;
}

export type Row = Record<string, SQLOutputValue>;

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const integer = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

/** Reads whole jobs; a condition follows. One whose contents were removed with age has no prompt any more. */
export const selectJob = 'SELECT jobs.*, prompts.prompt FROM jobs LEFT JOIN prompts USING (seq)';

export function jobFromRow(row: Row): JobRecord {
  const code = text(row['error_code']);
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as JobId,
    state: String(row['state']) as JobState,
    lane: String(row['lane']),
    orderKey: Number(row['order_key']),
    dueAt: integer(row['due_at']),
    fence: Number(row['fence']),
    epoch: integer(row['epoch']),
    attempts: Number(row['attempts']),
    crashes: Number(row['crashes']),
    parks: Number(row['parks']),
    cancelRequestedAt: integer(row['cancel_requested_at']),
    createdAt: Number(row['created_at']),
    queuedAt: integer(row['queued_at']),
    startedAt: integer(row['started_at']),
    endedAt: integer(row['ended_at']),
    executor: String(row['executor']),
    source: String(row['source']),
    key: text(row['key']),
    sessionId: text(row['session_id']),
    cwd: String(row['cwd']),
    priority: Number(row['priority']),
    maxAttempts: Number(row['max_attempts']),
    maxCrashes: Number(row['max_crashes']),
    timeoutMs: Number(row['timeout_ms']),
    onInterrupt: String(row['on_interrupt']) as OnInterrupt,
    notify: text(row['notify']),
    agentSessionId: text(row['agent_session_id']),
    movedFrom: text(row['moved_from']),
    error:
      code === null
        ? null
        : {
            code: code as ErrorCode,
            message: text(row['error_message']) ?? '',
            hint: text(row['error_hint']) ?? '',
          },
    isBehind: row['behind'] === 1,
    isLive: row['live'] === 1,
    waitingFor: text(row['waiting_for']) as WaitingFor | null,
    parentId: text(row['parent_id']) as JobId | null,
    fallback: JSON.parse(text(row['fallback']) ?? '[]') as readonly string[],
    maxTurns: integer(row['max_turns']),
    maxTokens: integer(row['max_tokens']),
    maxCostUsd: integer(row['max_cost_usd']),
    countedFrom: Number(row['counted_from']),
    worktree: row['worktree'] === 1,
    prompt: text(row['prompt']) ?? '',
    isPruned: row['prompt'] === null,
    resultText: text(row['result_text']),
    resultData: text(row['result_data']),
  };
}

/** What a move may change; everything else of the job stays. */
export interface Move {
  readonly state: JobState;
  readonly dueAt?: number | null;
  readonly orderKey?: number;
  readonly attempts?: number;
  readonly crashes?: number;
  readonly parks?: number;
  readonly cancelRequestedAt?: number | null;
  readonly queuedAt?: number | null;
  readonly endedAt?: number | null;
  readonly agentSessionId?: string | null;
  readonly error?: Problem | null;
  readonly resultText?: string | null;
  readonly resultData?: string | null;
  /** 1 while it waits and its run lives on. */
  readonly live?: 0 | 1;
  readonly waitingFor?: WaitingFor | null;
  readonly slotWantedAt?: number | null;
  /** 1 while an earlier turn of its session has not ended. */
  readonly behind?: 0 | 1;
  readonly executor?: string;
  /** JSON text. */
  readonly fallback?: string;
  readonly countedFrom?: number;
}

/** The columns of each part of a move; `error` is spread over three. */
const columnsOf: Readonly<Record<keyof Move, string>> = {
  state: 'state = ?',
  dueAt: 'due_at = ?',
  orderKey: 'order_key = ?',
  attempts: 'attempts = ?',
  crashes: 'crashes = ?',
  parks: 'parks = ?',
  cancelRequestedAt: 'cancel_requested_at = ?',
  queuedAt: 'queued_at = ?',
  endedAt: 'ended_at = ?',
  agentSessionId: 'agent_session_id = ?',
  error: 'error_code = ?, error_message = ?, error_hint = ?',
  resultText: 'result_text = ?',
  resultData: 'result_data = ?',
  live: 'live = ?',
  waitingFor: 'waiting_for = ?',
  slotWantedAt: 'slot_wanted_at = ?',
  behind: 'behind = ?',
  executor: 'executor = ?',
  fallback: 'fallback = ?',
  countedFrom: 'counted_from = ?',
};

/** As much of a job as a move has to know. */
export type Movable = Pick<JobRecord, 'seq' | 'id' | 'state' | 'sessionId'>;

export function movableFromRow(row: Row): Movable {
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as JobId,
    state: String(row['state']) as JobState,
    sessionId: text(row['session_id']),
  };
}

/** What a job that waited with a living run leaves behind when it waits no more. */
const notWaiting = { live: 0, waitingFor: null, slotWantedAt: null } as const;

/** Reads single jobs and writes their moves; every method runs inside a transaction of the writer, or only reads. */
export class JobMoves {
  readonly #database: DatabaseSync;
  readonly #events: EventLog;
  readonly #byId: StatementSync;
  readonly #line: SessionLine;
  /** One statement for each set of parts, so that a move touches nothing else. */
  readonly #updates = new Map<string, StatementSync>();
  readonly #deliveries: Deliveries;
  /** Told in the transaction in which a job ends: what it was made for ends with it. */
  onEnded: (job: Movable & Move, at: number) => void = () => undefined;

  constructor(database: DatabaseSync, events: EventLog, deliveries: Deliveries) {
    this.#database = database;
    this.#events = events;
    this.#deliveries = deliveries;
    this.#byId = database.prepare(`${selectJob} WHERE id = ?`);
    this.#line = new SessionLine(database);
  }

  find(id: JobId): JobRecord | null {
    const row = this.#byId.get(id);
    return row === undefined ? null : jobFromRow(row);
  }

  /** HOMER_JOB_UNKNOWN when there is none. */
  get(id: JobId): JobRecord {
    const job = this.find(id);
    if (job === null) throw new HomerError('HOMER_JOB_UNKNOWN', `There is no job ${id}.`);
    return job;
  }

  /** Writes a legal move and its event; HOMER_MOVE_REFUSED for any other. Returns the job as it has become. */
  move<Job extends Movable>(
    job: Job,
    asked: Move,
    at: number,
    runId: RunId | null = null,
    data: Record<string, unknown> | null = null,
  ): Job & Move {
    assertMove(job.id, job.state, asked.state);
    const { redact } = this.#events;
    const move = {
      ...(job.state === 'waiting' ? notWaiting : {}),
      ...asked,
      ...this.#placeInLine(job, asked),
    };
    const values: (string | number | null)[] = [];
    for (const [part, value] of Object.entries(move) as [keyof Move, Move[keyof Move]][]) {
      if (part === 'error')
        values.push(...problemColumns(move.error ?? null).map((each) => redactOrNull(redact, each)));
      else if (part === 'resultText' || part === 'resultData') values.push(redactOrNull(redact, value));
      else values.push(value as string | number | null);
    }
    this.#updateOf(move).run(...values, job.seq);
    this.#events.append(at, `job.${move.state}`, job.id, runId, data);
    this.#deliveries.tell(job, move, at);
    if (isEnded(move.state)) {
      if (job.sessionId !== null) this.#line.advance(job.sessionId);
      this.onEnded({ ...job, ...move }, at);
    }
    return { ...job, ...move };
  }

  /** Whether a turn of the session is under way or could be claimed, so that the next has to stand in line. */
  isLineTaken(sessionId: string): boolean {
    return this.#line.isTaken(sessionId);
  }

  /** A turn that was not in its session's line comes in at the end; one that was keeps its place. */
  #placeInLine({ state, sessionId }: Movable, move: Move): Pick<Move, 'behind'> {
    if (sessionId === null || move.state !== 'queued') return {};
    const joins = state === 'scheduled' || isEnded(state);
    return joins ? { behind: this.#line.isTaken(sessionId) ? 1 : 0 } : {};
  }

  #updateOf(move: Move): StatementSync {
    const parts = Object.keys(move) as (keyof Move)[];
    const name = parts.join();
    let update = this.#updates.get(name);
    if (update === undefined) {
      const columns = parts.map((part) => columnsOf[part]).join(', ');
      update = this.#database.prepare(`UPDATE jobs SET ${columns} WHERE seq = ?`);
      this.#updates.set(name, update);
    }
    return update;
  }
}

function problemColumns(error: Problem | null): (string | null)[] {
  return error === null ? [null, null, null] : [error.code, error.message, error.hint];
}

function redactOrNull(redact: (text: string) => string, value: unknown): string | null {
  return typeof value === 'string' ? redact(value) : null;
}
