// A row of `jobs` as a value, and the one statement that writes a move of it.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { ErrorCode, Problem } from '../core/errors.ts';
import { HomerError } from '../core/errors.ts';
import type { JobId, RunId } from '../core/ids.ts';
import { assertMove, type JobState, type OnInterrupt } from '../core/job.ts';
import type { EventLog } from './event-log.ts';

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
  readonly error: Problem | null;
  readonly prompt: string;
  readonly resultText: string | null;
  /** JSON text. */
  readonly resultData: string | null;
}

export type Row = Record<string, SQLOutputValue>;

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const integer = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

/** Reads whole jobs; a condition follows. */
export const selectJob = 'SELECT jobs.*, prompts.prompt FROM jobs JOIN prompts USING (seq)';

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
    error:
      code === null
        ? null
        : {
            code: code as ErrorCode,
            message: text(row['error_message']) ?? '',
            hint: text(row['error_hint']) ?? '',
          },
    prompt: String(row['prompt']),
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
};

/** As much of a job as a move has to know. */
export type Movable = Pick<JobRecord, 'seq' | 'id' | 'state'>;

export function movableFromRow(row: Row): Movable {
  return { seq: Number(row['seq']), id: String(row['id']) as JobId, state: String(row['state']) as JobState };
}

/** Reads single jobs and writes their moves; every method runs inside a transaction of the writer, or only reads. */
export class JobMoves {
  readonly #database: DatabaseSync;
  readonly #events: EventLog;
  readonly #byId: StatementSync;
  /** One statement for each set of parts, so that a move touches nothing else. */
  readonly #updates = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, events: EventLog) {
    this.#database = database;
    this.#events = events;
    this.#byId = database.prepare(`${selectJob} WHERE id = ?`);
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
    move: Move,
    at: number,
    runId: RunId | null = null,
    data: Record<string, unknown> | null = null,
  ): Job & Move {
    assertMove(job.id, job.state, move.state);
    const values: (string | number | null)[] = [];
    for (const [part, value] of Object.entries(move) as [keyof Move, Move[keyof Move]][]) {
      if (part === 'error') values.push(...problemColumns(move.error ?? null));
      else values.push(value as string | number | null);
    }
    this.#updateOf(move).run(...values, job.seq);
    this.#events.append(at, `job.${move.state}`, job.id, runId, data);
    return { ...job, ...move };
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
