// What agents asked and persons answered: each question is a row from the moment its run waits for it, and stays one.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { ApprovalDecision, ApprovalScope, ApprovalState } from '../core/approval.ts';
import { HomerError } from '../core/errors.ts';
import type { ApprovalId, JobId, RunId } from '../core/ids.ts';
import type { Deliveries } from './deliveries.ts';
import type { EventLog } from './event-log.ts';

/** Times in ms since the epoch. */
export interface ApprovalRecord {
  readonly seq: number;
  readonly id: ApprovalId;
  readonly jobId: JobId;
  readonly runId: RunId;
  /** What the agent calls its question. */
  readonly requestId: string;
  readonly tool: string;
  /** JSON text; secrets are taken out, and it is bounded. */
  readonly input: string;
  readonly state: ApprovalState;
  readonly scope: ApprovalScope | null;
  readonly decision: ApprovalDecision | null;
  readonly askedAt: number;
  /** When the runner denies it by its own clock, which stands while the host sleeps; null: never. */
  readonly expiresAt: number | null;
  readonly answeredAt: number | null;
  /** The source of the person's answer, or `session`. */
  readonly answeredBy: string | null;
  readonly endedAt: number | null;
}

export type Question = Pick<
  ApprovalRecord,
  'jobId' | 'runId' | 'requestId' | 'tool' | 'input' | 'askedAt' | 'expiresAt'
>;

export interface PersonsAnswer {
  readonly decision: ApprovalDecision;
  readonly scope: ApprovalScope;
  /** Who answers, e.g. `http:owner`. */
  readonly by: string;
}

export interface ApprovalFilter {
  readonly state?: ApprovalState | undefined;
  readonly jobId?: JobId | undefined;
  readonly limit: number;
  /** Only those older than this sequence number. */
  readonly before?: number | undefined;
}

const openStates = "state IN ('pending', 'answering')";

/** Every method that writes runs inside a transaction of the writer. */
export class Approvals {
  readonly #database: DatabaseSync;
  readonly #events: EventLog;
  readonly #newId: (now: number) => ApprovalId;
  readonly #deliveries: Deliveries;
  readonly #notify: StatementSync;
  readonly #insert: StatementSync;
  readonly #answer: StatementSync;
  readonly #end: StatementSync;
  readonly #byId: StatementSync;
  readonly #byRequest: StatementSync;
  readonly #openOfJob: StatementSync;
  readonly #openOfRun: StatementSync;
  readonly #takenBack: StatementSync;

  constructor(
    database: DatabaseSync,
    events: EventLog,
    newId: (now: number) => ApprovalId,
    deliveries: Deliveries,
  ) {
    this.#database = database;
    this.#events = events;
    this.#newId = newId;
    this.#deliveries = deliveries;
    this.#notify = database.prepare('SELECT notify FROM jobs WHERE id = ?');
    this.#insert =
      database.prepare(`INSERT INTO approvals (id, job_id, run_id, request_id, tool, input, state,
      asked_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT (run_id, request_id) DO NOTHING`);
    this.#answer = database.prepare(`UPDATE approvals SET state = 'answering', decision = ?, scope = ?,
      answered_at = ?, answered_by = ? WHERE seq = ?`);
    this.#end = database.prepare(`UPDATE approvals SET state = ?, ended_at = ?,
      answered_by = coalesce(answered_by, ?) WHERE seq = ?`);
    this.#byId = database.prepare('SELECT * FROM approvals WHERE id = ?');
    this.#byRequest = database.prepare('SELECT * FROM approvals WHERE run_id = ? AND request_id = ?');
    this.#openOfJob = database.prepare(
      `SELECT * FROM approvals WHERE job_id = ? AND ${openStates} ORDER BY seq`,
    );
    this.#takenBack = database.prepare("SELECT 1 FROM approvals WHERE run_id = ? AND state = 'void' LIMIT 1");
    this.#openOfRun = database.prepare(
      `SELECT * FROM approvals WHERE run_id = ? AND ${openStates} ORDER BY seq`,
    );
  }

  /** Writes a question down. False: it is known already, whatever became of it. */
  ask(question: Question, now: number): boolean {
    const { jobId, runId, requestId, tool, input, askedAt, expiresAt } = question;
    const id = this.#newId(now);
    const { changes } = this.#insert.run(id, jobId, runId, requestId, tool, input, askedAt, expiresAt);
    if (changes === 0) return false;
    this.#events.append(now, 'approval.pending', jobId, runId, { approvalId: id, tool });
    this.#deliverQuestion(id, jobId, now);
    return true;
  }

  /**
   * A person answers; the run is yet to be told. The same answer again changes nothing. HOMER_APPROVAL_ANSWERED for another
   * one, HOMER_APPROVAL_EXPIRED or HOMER_APPROVAL_VOID when it comes too late, HOMER_APPROVAL_UNKNOWN.
   */
  answer(id: ApprovalId, answer: PersonsAnswer, now: number): ApprovalRecord {
    const approval = this.get(id);
    if (approval.state !== 'pending') {
      if (isSame(approval, answer)) return approval;
      throw tooLate(approval);
    }
    this.#answer.run(answer.decision, answer.scope, now, answer.by, approval.seq);
    this.#tell('answering', approval, now);
    return this.get(id);
  }

  /** The journal says how a question ended. Null: it was not open any more, or never asked. */
  settle(
    runId: RunId,
    requestId: string,
    state: Exclude<ApprovalState, 'pending' | 'answering'>,
    by: string | null,
    now: number,
  ): ApprovalRecord | null {
    const approval = this.findByRequest(runId, requestId);
    if (approval?.state !== 'pending' && approval?.state !== 'answering') return null;
    this.#close(approval, state, by, now);
    return approval;
  }

  /** Of a run that goes on: its agent has taken back a question. */
  hasTakenBack(runId: RunId): boolean {
    return this.#takenBack.get(runId) !== undefined;
  }

  /** The run has ended: no answer can reach it. */
  voidOf(runId: RunId, now: number): void {
    for (const approval of this.openOfRun(runId)) this.#close(approval, 'void', null, now);
  }

  /** HOMER_APPROVAL_UNKNOWN when there is none. */
  get(id: ApprovalId): ApprovalRecord {
    const row = this.#byId.get(id);
    if (row === undefined) throw new HomerError('HOMER_APPROVAL_UNKNOWN', `There is no approval ${id}.`);
    return fromRow(row);
  }

  findByRequest(runId: RunId, requestId: string): ApprovalRecord | null {
    const row = this.#byRequest.get(runId, requestId);
    return row === undefined ? null : fromRow(row);
  }

  /** Newest first. */
  list({ state, jobId, limit, before }: ApprovalFilter): ApprovalRecord[] {
    const where = ['seq < ?'];
    const values: (string | number)[] = [before ?? Number.MAX_SAFE_INTEGER];
    // As the index of open ones has it: there are few, however many there were.
    if (state === 'pending' || state === 'answering') where.push(openStates);
    if (state !== undefined) where.push(`state = '${state}'`);
    if (jobId !== undefined) {
      where.push('job_id = ?');
      values.push(jobId);
    }
    const statement = this.#database.prepare(
      `SELECT * FROM approvals WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`,
    );
    return statement.all(...values, limit).map(fromRow);
  }

  /** Pending and answering ones, the oldest first. */
  openOfJob(jobId: JobId): ApprovalRecord[] {
    return this.#openOfJob.all(jobId).map(fromRow);
  }

  openOfRun(runId: RunId): ApprovalRecord[] {
    return this.#openOfRun.all(runId).map(fromRow);
  }

  /** Whoever is to be told of the job's end is asked, too; a question that may come twice does no harm. */
  #deliverQuestion(approvalId: ApprovalId, jobId: JobId, now: number): void {
    const target = this.#notify.get(jobId)?.['notify'];
    if (typeof target !== 'string') return;
    const to = { target, key: `approval:${approvalId}`, jobId };
    this.#deliveries.add(
      { ...to, text: '', kind: 'question', data: { approvalId }, onUnknown: 'resend' },
      now,
    );
  }

  #close(approval: ApprovalRecord, state: ApprovalState, by: string | null, now: number): void {
    this.#end.run(state, now, by, approval.seq);
    this.#tell(state, approval, now);
  }

  #tell(state: ApprovalState, { id, jobId, runId, tool }: ApprovalRecord, now: number): void {
    this.#events.append(now, `approval.${state}`, jobId, runId, { approvalId: id, tool });
  }
}

function isSame({ state, decision, scope }: ApprovalRecord, answer: PersonsAnswer): boolean {
  return state !== 'expired' && state !== 'void' && decision === answer.decision && scope === answer.scope;
}

/** Says what happened to a question that cannot be answered any more. */
function tooLate({
  id,
  state,
  decision,
  scope,
  answeredAt,
  answeredBy,
  endedAt,
}: ApprovalRecord): HomerError {
  const at = (ms: number | null): string => (ms === null ? '' : ` at ${new Date(ms).toISOString()}`);
  const did = decision === 'deny' ? 'denied' : 'allowed';
  const answered = `${answeredBy ?? 'Somebody'} ${did} it${scope === 'session' ? ' for the session' : ''}${at(answeredAt)}`;
  if (state === 'expired')
    return new HomerError(
      'HOMER_APPROVAL_EXPIRED',
      `Approval ${id} expired${at(endedAt)}${decision === null ? '' : `, before the run could be told that ${answered}`}.`,
    );
  if (state === 'void')
    return new HomerError(
      'HOMER_APPROVAL_VOID',
      `The run that asked ended, or its agent took the question back${at(endedAt)}${decision === null ? '' : `, before it could be told that ${answered}`}.`,
    );
  if (answeredBy === 'session')
    return new HomerError(
      'HOMER_APPROVAL_ANSWERED',
      `It was allowed${at(endedAt)} by an answer for the session.`,
    );
  return new HomerError('HOMER_APPROVAL_ANSWERED', `${answered}.`);
}

function fromRow(row: Record<string, SQLOutputValue>): ApprovalRecord {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
  const integer = (name: string): number | null => (typeof row[name] === 'number' ? row[name] : null);
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as ApprovalId,
    jobId: String(row['job_id']) as JobId,
    runId: String(row['run_id']) as RunId,
    requestId: String(row['request_id']),
    tool: String(row['tool']),
    input: String(row['input']),
    state: String(row['state']) as ApprovalState,
    scope: text('scope') as ApprovalScope | null,
    decision: text('decision') as ApprovalDecision | null,
    askedAt: Number(row['asked_at']),
    expiresAt: integer('expires_at'),
    answeredAt: integer('answered_at'),
    answeredBy: text('answered_by'),
    endedAt: integer('ended_at'),
  };
}
