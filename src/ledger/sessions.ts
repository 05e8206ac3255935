// Sessions: conversations under a name that people choose, each with the agent session, directory and lane its turns share.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import { isSessionId, type JobId, type SessionId } from '../core/ids.ts';
import { sessionState, type SessionState } from '../core/session.ts';
import type { EventLog } from './event-log.ts';
import type { Row } from './job-record.ts';

export interface SessionDraft {
  readonly id: SessionId;
  readonly name: string;
  /** Where its messages come from, as the source of a job. */
  readonly channel: string;
  readonly executor: string;
  readonly lane: string;
  /** Absolute, or relative to the state directory when it is inside. */
  readonly cwd: string;
  /** It goes on from where this session is now. */
  readonly forkOf?: SessionRecord | null;
}

export interface SessionRecord {
  readonly seq: number;
  readonly id: SessionId;
  readonly name: string;
  readonly channel: string | null;
  readonly executor: string;
  readonly lane: string;
  readonly cwd: string;
  /** Null: the next turn begins a fresh one. */
  readonly agentSessionId: string | null;
  /** The executor that the agent session belongs to. */
  readonly agentExecutor: string | null;
  /** The worker on whose host the agent session is; null: the daemon's own. */
  readonly host: string | null;
  readonly snapshotId: string | null;
  /** Turns with a greater jobs.seq belong to the conversation as it is now. */
  readonly sinceSeq: number;
  readonly forkedFrom: SessionId | null;
  readonly forkedSeq: number | null;
  readonly createdAt: number;
  readonly lastTurnAt: number | null;
  readonly endedAt: number | null;
}

/** Every method that writes runs inside a transaction of the writer. */
export class Sessions {
  readonly #events: EventLog;
  readonly #insert: StatementSync;
  readonly #byId: StatementSync;
  readonly #byName: StatementSync;
  readonly #all: StatementSync;
  readonly #front: StatementSync;
  readonly #open: StatementSync;
  readonly #active: StatementSync;
  readonly #newestTurn: StatementSync;
  readonly #succeeded: StatementSync;
  readonly #movedOn: StatementSync;
  readonly #name: StatementSync;
  readonly #forget: StatementSync;
  readonly #touch: StatementSync;
  readonly #reset: StatementSync;
  readonly #end: StatementSync;

  constructor(database: DatabaseSync, events: EventLog) {
    this.#events = events;
    this.#insert = database.prepare(`INSERT INTO sessions (id, name, channel, executor, lane, cwd, since_seq,
      forked_from, forked_seq, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#byId = database.prepare('SELECT * FROM sessions WHERE id = ?');
    this.#byName = database.prepare('SELECT * FROM sessions WHERE name = ? AND ended_at IS NULL');
    this.#all = database.prepare(`SELECT * FROM sessions WHERE ended_at IS NULL OR ?
      ORDER BY coalesce(last_turn_at, created_at) DESC, seq DESC LIMIT ?`);
    const open = "state IN ('queued', 'running', 'waiting', 'parked')";
    this.#front = database.prepare(
      `SELECT state FROM jobs WHERE session_id = ? AND behind = 0 AND ${open} LIMIT 1`,
    );
    this.#open = database.prepare(`SELECT id FROM jobs WHERE session_id = ?1 AND ${open} AND behind = 1
      UNION ALL SELECT id FROM jobs WHERE session_id = ?1 AND state = 'scheduled'
      UNION ALL SELECT id FROM jobs WHERE session_id = ?1 AND ${open} AND behind = 0`);
    this.#active = database.prepare(
      "SELECT 1 FROM jobs WHERE session_id = ? AND (state = 'running' OR live = 1) LIMIT 1",
    );
    this.#newestTurn = database.prepare(`SELECT max(seq) AS seq FROM jobs WHERE session_id = ?
      AND fence > 0 AND state IN ('succeeded', 'failed', 'cancelled')`);
    this.#succeeded = database.prepare(`SELECT 1 FROM jobs WHERE session_id = ? AND seq > ?
      AND state = 'succeeded' AND agent_session_id = ? LIMIT 1`);
    this.#movedOn = database.prepare(`SELECT 1 FROM jobs WHERE session_id = ? AND fence > 0
      AND (seq > ? OR state NOT IN ('succeeded', 'failed', 'cancelled')) LIMIT 1`);
    const ofJob = '(SELECT session_id FROM jobs WHERE id = ?1)';
    this.#name = database.prepare(`UPDATE sessions SET agent_session_id = ?2, host = ?3,
      agent_executor = (SELECT executor FROM jobs WHERE id = ?1) WHERE id = ${ofJob}`);
    this.#forget = database.prepare(
      `UPDATE sessions SET agent_session_id = NULL, agent_executor = NULL WHERE id = ${ofJob}`,
    );
    this.#touch = database.prepare(`UPDATE sessions SET last_turn_at = ?2 WHERE id = ${ofJob}`);
    this.#reset = database.prepare(
      'UPDATE sessions SET since_seq = ?, agent_session_id = NULL, agent_executor = NULL WHERE id = ?',
    );
    this.#end = database.prepare('UPDATE sessions SET ended_at = ? WHERE id = ?');
  }

  /** HOMER_SESSION_EXISTS while an open session has the name. */
  create(draft: SessionDraft, now: number): SessionRecord {
    if (this.#byName.get(draft.name) !== undefined)
      throw new HomerError('HOMER_SESSION_EXISTS', `A session is called "${draft.name}".`);
    const source = draft.forkOf ?? null;
    const { id, name, channel, executor, lane, cwd } = draft;
    const since = source?.sinceSeq ?? 0;
    const upTo = source === null ? null : this.#newest(source);
    this.#insert.run(id, name, channel, executor, lane, cwd, since, source?.id ?? null, upTo, now);
    this.#note('session.created', now, draft, { name, ...(source === null ? {} : { forkOf: source.id }) });
    return this.get(id);
  }

  /** By id, or by the name of one that has not ended; null: there is none. */
  find(idOrName: string): SessionRecord | null {
    const row = (isSessionId(idOrName) ? this.#byId : this.#byName).get(idOrName);
    return row === undefined ? null : sessionFromRow(row);
  }

  /** HOMER_SESSION_UNKNOWN when there is none. */
  get(idOrName: string): SessionRecord {
    const session = this.find(idOrName);
    if (session === null) throw new HomerError('HOMER_SESSION_UNKNOWN', `There is no session "${idOrName}".`);
    return session;
  }

  /** The one used last comes first. */
  list(limit: number, withEnded: boolean): SessionRecord[] {
    return this.#all.all(withEnded ? 1 : 0, limit).map(sessionFromRow);
  }

  stateOf({ id, endedAt }: SessionRecord): SessionState {
    const front = this.#front.get(id)?.['state'];
    return sessionState(endedAt !== null, front === undefined ? null : String(front));
  }

  /** A run of one of its turns lives. */
  isActive(id: SessionId): boolean {
    return this.#active.get(id) !== undefined;
  }

  /** Turns that have not ended, those at the back of the line first: so ended one by one, none comes to the front. */
  openTurns(id: SessionId): JobId[] {
    return this.#open.all(id).map((row) => String(row['id']) as JobId);
  }

  /** A turn of the present conversation was completed in its agent session. */
  isEstablished({ id, sinceSeq, agentSessionId }: SessionRecord): boolean {
    return agentSessionId !== null && this.#succeeded.get(id, sinceSeq, agentSessionId) !== undefined;
  }

  /** The session that this one was forked from, as long as it stands where it stood then; null otherwise. */
  unmovedSource(fork: SessionRecord): SessionRecord | null {
    const source = fork.forkedFrom === null ? null : this.find(fork.forkedFrom);
    if (source === null || source.sinceSeq !== fork.sinceSeq) return null;
    return this.#movedOn.get(source.id, fork.forkedSeq ?? 0) === undefined ? source : null;
  }

  /** The agent of the job named its session, on this host: the next turn goes on there. Nothing happens to a job without a session. */
  nameAgentSession(jobId: JobId, agentSessionId: string, host: string | null): void {
    this.#name.run(jobId, agentSessionId, host);
  }

  /** The agent session is lost: the next run of the job's session begins a fresh one. */
  forgetAgentSession(jobId: JobId): void {
    this.#forget.run(jobId);
  }

  /** A turn of the job's session began or ended now. */
  touch(jobId: JobId, now: number): void {
    this.#touch.run(jobId, now);
  }

  /** The turns so far belong to the past: the next one begins a fresh conversation. HOMER_SESSION_ENDED for one that ended. */
  reset(session: SessionRecord, reason: 'asked' | 'idle', now: number): void {
    assertOpen(session);
    this.#reset.run(Math.max(session.sinceSeq, this.#newest(session)), session.id);
    this.#note('session.reset', now, session, { reason });
  }

  /** Its name is free again. Nothing happens when it has ended. */
  end(session: SessionRecord, now: number): void {
    if (session.endedAt !== null) return;
    this.#end.run(now, session.id);
    this.#note('session.ended', now, session, { name: session.name });
  }

  /** The newest turn that ended; what it was forked from when it has none of its own. */
  #newest({ id, forkedSeq }: SessionRecord): number {
    return Number(this.#newestTurn.get(id)?.['seq'] ?? forkedSeq ?? 0);
  }

  #note(
    type: 'session.created' | 'session.reset' | 'session.ended',
    now: number,
    { id }: { readonly id: SessionId },
    data: Record<string, unknown>,
  ): void {
    this.#events.append(now, type, null, null, { sessionId: id, ...data });
  }
}

/** HOMER_SESSION_ENDED when it has ended. */
export function assertOpen({ name, endedAt }: SessionRecord): void {
  if (endedAt !== null) throw new HomerError('HOMER_SESSION_ENDED', `The session "${name}" has ended.`);
}

const text = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null);
const integer = (value: SQLOutputValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

function sessionFromRow(row: Row): SessionRecord {
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as SessionId,
    name: String(row['name']),
    channel: text(row['channel']),
    executor: String(row['executor']),
    lane: String(row['lane']),
    cwd: String(row['cwd']),
    agentSessionId: text(row['agent_session_id']),
    agentExecutor: text(row['agent_executor']),
    host: text(row['host']),
    snapshotId: text(row['snapshot_id']),
    sinceSeq: Number(row['since_seq']),
    forkedFrom: text(row['forked_from']) as SessionId | null,
    forkedSeq: integer(row['forked_seq']),
    createdAt: Number(row['created_at']),
    lastTurnAt: integer(row['last_turn_at']),
    endedAt: integer(row['ended_at']),
  };
}
