// Group commit: intents that arrive in the same turn of the event loop share one transaction and one fsync, and each
// resolves after it. One that fails takes nobody along: the rest is done again, each then in a savepoint of its own.
// (Savepoints for all, always, cost a sixth of the time of a job.)

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { HomerError, isHomerError } from '../core/errors.ts';
import { ledgerError } from './database.ts';

interface Intent {
  readonly run: () => unknown;
  readonly isUpkeep: boolean;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** `writing`: all is well; `refusing`: the disk is full or read-only, and the reason why. */
export type WriterState =
  { readonly is: 'writing' } | { readonly is: 'refusing'; readonly reason: HomerError };

export interface CommitTerms {
  /** It writes nothing that anybody would miss: a probe, or a step of the canary. */
  readonly isUpkeep?: boolean;
}

/** A part that takes part in every transaction. */
export interface Participant {
  /** Inside the transaction, after its intents: what they made possible is decided in the same commit. */
  beforeCommit?(): void;
  /** The transaction is on disk; its intents resolve after this. `isUpkeep`: all of them were. */
  afterCommit?(isUpkeep: boolean): void;
  /** Instead of `afterCommit` when the transaction was lost. */
  afterRollback?(): void;
}

export class Writer {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #onState: (state: WriterState) => void;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #rollbackTo: StatementSync;
  readonly #participants: Participant[] = [];
  #pending: Intent[] = [];
  #isScheduled = false;
  #flushedThisTurn = false;
  #state: WriterState = { is: 'writing' };
  #closed = false;
  /** Told how long each transaction took to reach the disk, ms, while somebody wants to know. */
  onSynced: ((ms: number) => void) | null = null;

  constructor(database: DatabaseSync, file: string, onState: (state: WriterState) => void) {
    this.#database = database;
    this.#file = file;
    this.#onState = onState;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#savepoint = database.prepare('SAVEPOINT intent');
    this.#release = database.prepare('RELEASE intent');
    this.#rollbackTo = database.prepare('ROLLBACK TO intent');
  }

  get state(): WriterState {
    return this.#state;
  }

  /** Participants are called in the order in which they joined. */
  join(participant: Participant): void {
    this.#participants.push(participant);
  }

  /**
   * Runs the intent in the next transaction; resolves with what it returned once that is on disk. It may be run twice,
   * when another one of its transaction failed: it must do nothing but write to the ledger and return a value.
   */
  commit<Value>(run: () => Value, { isUpkeep = false }: CommitTerms = {}): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.#closed) {
        reject(new HomerError('HOMER_DRAINING', 'The ledger is closed.'));
        return;
      }
      this.#pending.push({ run, resolve, reject, isUpkeep });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // A lone intent commits at the end of this very callback. Only when this turn already had a commit do we wait
      // for the end of the poll phase, to gather what the other sockets of a busy turn bring.
      if (this.#flushedThisTurn) setImmediate(() => this.#flush());
      else queueMicrotask(() => process.nextTick(() => this.#flush()));
    });
  }

  /** Commits what is pending and takes nothing more. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    this.#isScheduled = false;
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    this.#flushedThisTurn = true;
    setImmediate(() => {
      this.#flushedThisTurn = false;
    });

    let answers: readonly (() => void)[];
    try {
      answers = this.#runTogether(batch) ?? this.#runApart(batch);
      for (const participant of this.#participants) participant.beforeCommit?.();
      this.#sync();
    } catch (thrown) {
      this.#abandon(batch, thrown);
      return;
    }
    this.#enter({ is: 'writing' });
    const isUpkeep = batch.every((intent) => intent.isUpkeep);
    for (const participant of this.#participants) participant.afterCommit?.(isUpkeep);
    for (const answer of answers) answer();
  }

  #sync(): void {
    const began = this.onSynced === null ? 0 : performance.now();
    this.#commit.run();
    this.onSynced?.(performance.now() - began);
  }

  /** Begins a transaction with all intents in it; null, and nothing of it is left, when one of them failed. */
  #runTogether(batch: readonly Intent[]): (() => void)[] | null {
    this.#begin.run();
    try {
      return batch.map((intent) => {
        const value = intent.run();
        return () => intent.resolve(value as never);
      });
    } catch (error) {
      if (!this.#database.isTransaction || isDatabaseTrouble(ledgerError(error, this.#file))) throw error;
      this.#rollback.run();
      return null;
    }
  }

  /** Begins a transaction in which each intent succeeds or fails alone. */
  #runApart(batch: readonly Intent[]): (() => void)[] {
    this.#begin.run();
    return batch.map((intent) => this.#runIntent(intent));
  }

  /** Returns what to do once the transaction is on disk; throws when SQLite gave up the whole transaction. */
  #runIntent(intent: Intent): () => void {
    this.#savepoint.run();
    try {
      const value = intent.run();
      this.#release.run();
      return () => intent.resolve(value as never);
    } catch (error) {
      const reason = ledgerError(error, this.#file);
      if (!this.#database.isTransaction || isDatabaseTrouble(reason)) throw error;
      this.#rollbackTo.run();
      this.#release.run();
      return () => intent.reject(reason);
    }
  }

  /** Nothing of the batch is on disk: every intent is told why, none is falsely acknowledged. */
  #abandon(batch: readonly Intent[], thrown: unknown): void {
    const reason = ledgerError(thrown, this.#file);
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself; the reason that counts is the first one.
    }
    for (const participant of this.#participants) participant.afterRollback?.();
    if (reason instanceof HomerError && isDatabaseTrouble(reason)) this.#enter({ is: 'refusing', reason });
    for (const intent of batch) intent.reject(reason);
  }

  #enter(state: WriterState): void {
    if (state.is === 'writing' && this.#state.is === 'writing') return;
    const changed =
      state.is !== this.#state.is ||
      (state.is === 'refusing' &&
        this.#state.is === 'refusing' &&
        state.reason.code !== this.#state.reason.code);
    this.#state = state;
    if (changed) this.#onState(state);
  }
}

function isDatabaseTrouble(reason: unknown): boolean {
  return (
    isHomerError(reason, 'HOMER_DISK_FULL') ||
    isHomerError(reason, 'HOMER_READ_ONLY') ||
    isHomerError(reason, 'HOMER_LEDGER_BROKEN')
  );
}
