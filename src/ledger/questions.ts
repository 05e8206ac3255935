// Questions that agents ask a person in words: each is a row from the commit in which it was asked, and so is its answer.

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import type { JobId, QuestionId } from '../core/ids.ts';
import { mostOpenQuestions, type QuestionState } from '../core/question.ts';
import type { Deliveries } from './deliveries.ts';
import type { EventLog } from './event-log.ts';

/** Times in ms since the epoch. */
export interface QuestionRecord {
  readonly seq: number;
  readonly id: QuestionId;
  /** The job of the run that asks, or the source of a program. */
  readonly asker: string;
  readonly jobId: JobId | null;
  /** Secrets are taken out of it. */
  readonly text: string;
  /** Answers that are offered; any other may be given too. */
  readonly choices: readonly string[];
  readonly state: QuestionState;
  readonly answer: string | null;
  readonly askedAt: number;
  /** The source of the answer. */
  readonly answeredBy: string | null;
  readonly endedAt: number | null;
}

export interface QuestionDraft extends Pick<QuestionRecord, 'asker' | 'jobId' | 'text' | 'choices'> {
  /** The same from the same asker is the same question: until its job has ended, of a program until an hour after the answer. */
  readonly key: string;
  /** The chat in which it is asked; null: it is seen where questions are listed. */
  readonly target: string | null;
}

export interface QuestionFilter {
  readonly state?: QuestionState | undefined;
  readonly jobId?: JobId | undefined;
  readonly limit: number;
  /** Only those older than this sequence number. */
  readonly before?: number | undefined;
}

const rememberedMs = 3_600_000;

/** Every method that writes runs inside a transaction of the writer. */
export class Questions {
  readonly #database: DatabaseSync;
  readonly #events: EventLog;
  readonly #deliveries: Deliveries;
  readonly #newId: (now: number) => QuestionId;
  readonly #insert: StatementSync;
  readonly #answer: StatementSync;
  readonly #void: StatementSync;
  readonly #forget: StatementSync;
  readonly #rename: StatementSync;
  readonly #byId: StatementSync;
  readonly #byKey: StatementSync;
  readonly #pendingOfJob: StatementSync;
  readonly #pendingOfAsker: StatementSync;

  constructor(
    database: DatabaseSync,
    events: EventLog,
    newId: (now: number) => QuestionId,
    deliveries: Deliveries,
  ) {
    this.#database = database;
    this.#events = events;
    this.#deliveries = deliveries;
    this.#newId = newId;
    this.#insert =
      database.prepare(`INSERT INTO questions (id, asker, key, job_id, text, choices, state, asked_at)
      VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)`);
    this.#answer = database.prepare(
      "UPDATE questions SET state = 'answered', answer = ?, answered_by = ?, ended_at = ? WHERE seq = ?",
    );
    this.#void = database.prepare("UPDATE questions SET state = 'void', ended_at = ? WHERE seq = ?");
    this.#forget = database.prepare('UPDATE questions SET key = id WHERE job_id = ?');
    this.#rename = database.prepare('UPDATE questions SET key = id WHERE seq = ?');
    this.#byId = database.prepare('SELECT * FROM questions WHERE id = ?');
    this.#byKey = database.prepare('SELECT * FROM questions WHERE asker = ? AND key = ?');
    const pending = "FROM questions WHERE state = 'pending'";
    this.#pendingOfJob = database.prepare(`SELECT * ${pending} AND job_id = ? ORDER BY seq`);
    this.#pendingOfAsker = database.prepare(`SELECT count(*) AS open ${pending} AND asker = ?`);
  }

  /** The question, new or as it is already. HOMER_RATE_LIMITED when the asker has too many open. */
  ask({ asker, key, jobId, text, choices, target }: QuestionDraft, now: number): QuestionRecord {
    const row = this.#byKey.get(asker, key);
    const known = row === undefined ? null : fromRow(row);
    if (known !== null && !isStale(known, now)) return known;
    if (known !== null) this.#rename.run(known.seq);
    if (Number(this.#pendingOfAsker.get(asker)?.['open'] ?? 0) >= mostOpenQuestions)
      throw new HomerError('HOMER_RATE_LIMITED', `${mostOpenQuestions} questions are open already.`, {
        hint: 'Wait for the answers to those.',
      });
    const id = this.#newId(now);
    const { redact } = this.#events;
    this.#insert.run(id, asker, key, jobId, redact(text), redact(JSON.stringify(choices)), now);
    this.#events.append(now, 'question.pending', jobId, null, { questionId: id });
    if (target !== null) {
      const to = { target, key: `question:${id}`, jobId, text: '', data: { questionId: id } };
      this.#deliveries.add({ ...to, kind: 'question', onUnknown: 'resend' }, now);
    }
    return this.get(id);
  }

  /**
   * A person answers. The same answer again changes nothing; HOMER_QUESTION_ANSWERED for another one, HOMER_QUESTION_VOID
   * when its job has ended, HOMER_QUESTION_UNKNOWN.
   */
  answer(id: QuestionId, answer: string, by: string, now: number): QuestionRecord {
    const question = this.get(id);
    if (question.state === 'void')
      throw new HomerError('HOMER_QUESTION_VOID', `The job that asked question ${id} has ended.`);
    if (question.state === 'answered') {
      if (question.answer === answer) return question;
      throw new HomerError(
        'HOMER_QUESTION_ANSWERED',
        `${question.answeredBy ?? 'Somebody'} has answered question ${id} already.`,
      );
    }
    this.#answer.run(answer, by, now, question.seq);
    this.#events.append(now, 'question.answered', question.jobId, null, { questionId: id });
    return this.get(id);
  }

  /** Nobody waits for answers any more; should the job be run again, it asks anew. */
  jobEnded(jobId: JobId, now: number): void {
    for (const { seq, id } of this.pendingOfJob(jobId)) {
      this.#void.run(now, seq);
      this.#events.append(now, 'question.void', jobId, null, { questionId: id });
    }
    this.#forget.run(jobId);
  }

  /** HOMER_QUESTION_UNKNOWN when there is none. */
  get(id: QuestionId): QuestionRecord {
    const row = this.#byId.get(id);
    if (row === undefined) throw new HomerError('HOMER_QUESTION_UNKNOWN', `There is no question ${id}.`);
    return fromRow(row);
  }

  /** The oldest first. */
  pendingOfJob(jobId: JobId): QuestionRecord[] {
    return this.#pendingOfJob.all(jobId).map(fromRow);
  }

  /** The newest first. */
  list({ state, jobId, limit, before }: QuestionFilter): QuestionRecord[] {
    const where = ['seq < ?'];
    const values: (string | number)[] = [before ?? Number.MAX_SAFE_INTEGER];
    // Written out, not bound: only then may SQLite use the index of pending ones.
    if (state !== undefined) where.push(`state = '${state}'`);
    if (jobId !== undefined) {
      where.push('job_id = ?');
      values.push(jobId);
    }
    return this.#database
      .prepare(`SELECT * FROM questions WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`)
      .all(...values, limit)
      .map(fromRow);
  }
}

/** Of a program, which has no end: what was answered long ago is not meant when the same is asked again. */
function isStale({ jobId, endedAt }: QuestionRecord, now: number): boolean {
  return jobId === null && endedAt !== null && endedAt < now - rememberedMs;
}

function fromRow(row: Record<string, SQLOutputValue>): QuestionRecord {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
  return {
    seq: Number(row['seq']),
    id: String(row['id']) as QuestionId,
    asker: String(row['asker']),
    jobId: text('job_id') as JobId | null,
    text: String(row['text']),
    choices: JSON.parse(String(row['choices'])) as readonly string[],
    state: String(row['state']) as QuestionState,
    answer: text('answer'),
    askedAt: Number(row['asked_at']),
    answeredBy: text('answered_by'),
    endedAt: typeof row['ended_at'] === 'number' ? row['ended_at'] : null,
  };
}
