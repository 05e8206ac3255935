// The ledger: the truth about jobs, in one SQLite file with one writer.

import { randomBytes, randomFillSync } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { HomerError } from '../core/errors.ts';
import {
  createChance,
  newApprovalId,
  newDeliveryId,
  newQuestionId,
  newRunId,
  type Generation,
} from '../core/ids.ts';
import { Alerts } from './alerts.ts';
import { Approvals } from './approvals.ts';
import { Audit } from './audit.ts';
import { Boots, type Boot } from './boots.ts';
import { Canaries } from './canaries.ts';
import { Chats } from './chats.ts';
import { Claims } from './claims.ts';
import { Conversation } from './conversation.ts';
import { ledgerError, openDatabase, type DatabaseOptions } from './database.ts';
import { Deliveries, holdDeliveries } from './deliveries.ts';
import { Digests } from './digests.ts';
import { EventLog } from './event-log.ts';
import { readFacts, type LedgerFacts } from './facts.ts';
import { Failures } from './failures.ts';
import { Family } from './family.ts';
import { createFileGuard, type FileGuard } from './file-guard.ts';
import { HookReceipts } from './hook-receipts.ts';
import { JobBrowse } from './job-browse.ts';
import { JobMoves } from './job-record.ts';
import { JobSnapshots } from './job-snapshots.ts';
import { Jobs } from './jobs.ts';
import { Lanes } from './lanes.ts';
import { Occurrences } from './occurrences.ts';
import { Pruning } from './pruning.ts';
import { Placing } from './placing.ts';
import { Questions } from './questions.ts';
import { Schedules } from './schedules.ts';
import { SessionGrants } from './session-grants.ts';
import { Sessions } from './sessions.ts';
import { runKeyName, RunTokens } from './run-tokens.ts';
import { Slots } from './slots.ts';
import { Spending, type Budgets } from './spending.ts';
import { Tokens } from './tokens.ts';
import { takeCopy } from './take-copy.ts';
import { UsageLimits } from './usage-limits.ts';
import { Workers } from './workers.ts';
import { Watch } from './watch.ts';
import { Writer, type CommitTerms, type WriterState } from './writer.ts';

export interface LedgerOptions extends DatabaseOptions {
  readonly boot: Boot;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told when writes start to fail and when they work again. */
  readonly onWriterState?: (state: WriterState) => void;
  /** Takes secrets out of texts before they are kept: events, deliveries, results, errors. */
  readonly redact?: (text: string) => string;
  /** The budgets of the day as configured now; none unless given. */
  readonly budgets?: () => Budgets;
}

export interface Ledger {
  readonly generation: Generation;
  readonly epoch: number;
  readonly now: () => number;
  /** Started on a copied, moved or restored state directory and not yet released. */
  isHeld(): boolean;
  readonly jobs: Jobs;
  readonly failures: Failures;
  readonly family: Family;
  readonly hookReceipts: HookReceipts;
  readonly claims: Claims;
  readonly canaries: Canaries;
  readonly browse: JobBrowse;
  readonly lanes: Lanes;
  readonly slots: Slots;
  readonly spending: Spending;
  readonly usageLimits: UsageLimits;
  readonly conversation: Conversation;
  readonly approvals: Approvals;
  readonly questions: Questions;
  readonly deliveries: Deliveries;
  readonly digests: Digests;
  readonly chats: Chats;
  readonly sessionGrants: SessionGrants;
  readonly sessions: Sessions;
  readonly jobSnapshots: JobSnapshots;
  readonly schedules: Schedules;
  readonly occurrences: Occurrences;
  readonly runTokens: RunTokens;
  readonly tokens: Tokens;
  readonly audit: Audit;
  readonly pruning: Pruning;
  readonly placing: Placing;
  readonly workers: Workers;
  readonly watch: Watch;
  readonly alerts: Alerts;
  readonly boots: Boots;
  readonly events: EventLog;
  readonly writer: Writer;
  /** Runs in the next commit; see Writer.commit. */
  commit<Value>(intent: () => Value, terms?: CommitTerms): Promise<Value>;
  /** A small write that finds out whether the disk takes one; rejects as any commit does. */
  probe(): Promise<void>;
  /** False once somebody deleted or replaced the database under the running daemon. */
  isInPlace(): boolean;
  /** Copies all that is committed into a new file, page by page; errors as `takeCopy`. Must have ended before `close`. */
  copyTo(target: string, signal: AbortSignal): Promise<void>;
  /** What `homer doctor` wants to know of it. */
  facts(): LedgerFacts;
  /** Bytes of the database; a copy takes as many. */
  size(): number;
  /** Ends the held start; resolves with the number of jobs that are queued again. HOMER_NOT_HELD. */
  release(): Promise<number>;
  /** Commits what is pending, writes down how and why this boot ended, folds the WAL into the database. */
  close(ending: 'drained' | 'crashed', why?: string): void;
}

/** Opens, migrates and begins a new boot epoch; errors as `openDatabase`. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const database = await openDatabase(options);
  const { now } = options;
  const boots = new Boots(database);
  const { generation, held, epoch, events, runKey } = beginBoot(database, boots, options);

  if (options.redact !== undefined) events.redact = options.redact;
  const chance = createChance(randomFillSync);
  const deliveries = new Deliveries(database, events, (at) => newDeliveryId(at, chance(at)));
  const moves = new JobMoves(database, events, deliveries);
  const writer = new Writer(database, options.file, (state) => options.onWriterState?.(state));
  const approvals = new Approvals(database, events, (at) => newApprovalId(at, chance(at)), deliveries);
  const questions = new Questions(database, events, (at) => newQuestionId(at, chance(at)), deliveries);
  const sessions = new Sessions(database, events);
  const spending = new Spending(database, options.budgets ?? (() => ({ lanes: {} })));
  const usageLimits = new UsageLimits(database, moves, events);
  const claims = new Claims(database, moves, events, {
    generation,
    epoch,
    newRunId: (at) => newRunId(at, chance(at)),
    random: Math.random,
    onRunEnded: (runId, at) => approvals.voidOf(runId, at),
    sessions,
    spending,
    usageLimits,
  });
  writer.join({
    beforeCommit: () => {
      if (boots.newestEpoch() !== epoch)
        throw new HomerError('HOMER_FENCED', 'A newer daemon owns this ledger.');
    },
    afterCommit: () => events.publish(),
  });
  const tokens = new Tokens(database, generation);
  const audit = new Audit(database, () => writer.commit(() => undefined), now);
  writer.join(tokens);
  writer.join(audit);
  const jobs = new Jobs(database, moves, events, sessions, deliveries);
  const schedules = new Schedules(database, events);
  const occurrences = new Occurrences(database, events, schedules);
  const canaries = new Canaries(database, events);
  writer.join(canaries);
  moves.onEnded = ({ id, state, error }, at) => {
    canaries.jobEnded(id);
    questions.jobEnded(id, at);
    occurrences.jobEnded(id, state, error === undefined || error === null ? null : error.message, at);
  };
  deliveries.onEnded = (delivery, failure, at) => occurrences.deliveryEnded(delivery, failure, at);
  const guard = createFileGuard(database, options.file, options.backups);
  let isHeld = held;
  let isClosed = false;
  return {
    generation,
    epoch,
    now,
    isHeld: () => isHeld,
    spending,
    usageLimits,
    conversation: new Conversation(database),
    approvals,
    questions,
    deliveries,
    digests: new Digests(database, boots, events),
    chats: new Chats(database),
    sessionGrants: new SessionGrants(database),
    sessions,
    jobSnapshots: new JobSnapshots(database),
    schedules,
    occurrences,
    jobs,
    pruning: new Pruning(database),
    failures: new Failures(database),
    family: new Family(database, jobs),
    hookReceipts: new HookReceipts(database),
    claims,
    canaries,
    browse: new JobBrowse(database),
    lanes: new Lanes(database, events),
    slots: new Slots(database, moves),
    runTokens: new RunTokens(database, runKey, generation, epoch),
    tokens,
    audit,
    placing: new Placing(database, moves, events),
    workers: new Workers(database),
    watch: new Watch(database),
    alerts: new Alerts(database),
    boots,
    events,
    writer,
    commit: (intent, terms) => writer.commit(intent, terms),
    isInPlace: () => guard.isInPlace(),
    probe: () => writer.commit(() => boots.writeMeta('probe', String(now())), { isUpkeep: true }),
    copyTo: (target, signal) => takeCopy(database, target, signal),
    facts: () => readFacts(database, now()),
    size: () => sizeOf(database),
    release: async () => {
      if (!isHeld) throw new HomerError('HOMER_NOT_HELD', 'Nothing is held.');
      const jobs = await writer.commit(() => {
        const released = boots.release(now());
        schedules.missGap(now());
        tokens.release();
        events.append(now(), 'daemon.released', null, null, { jobs: released });
        return released;
      });
      isHeld = false;
      return jobs;
    },
    close: (ending, why) => {
      if (isClosed) return;
      isClosed = true;
      // On a disk that takes no writes what it has to add is lost; how this boot ended is too.
      audit.flush().catch(() => undefined);
      writer.close();
      closeDatabase(database, guard, () => boots.markEnded(epoch, ending, why ?? null, now()), now());
    },
  };
}

function sizeOf(database: DatabaseSync): number {
  const row = database
    .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
    .get();
  return Number(row?.['bytes'] ?? 0);
}

/** Writes down that this boot owns the ledger; closes the database when it cannot. */
function beginBoot(
  database: DatabaseSync,
  boots: Boots,
  { file, boot, now }: LedgerOptions,
): { generation: Generation; held: boolean; epoch: number; events: EventLog; runKey: string } {
  try {
    database.exec('BEGIN IMMEDIATE');
    const fresh = randomBytes(6).toString('hex') as Generation;
    const { generation, held, restored } = boots.settleGeneration(directoryIdentity(dirname(file)), fresh);
    const epoch = boots.begin(boot, now(), restored);
    const events = new EventLog(database, generation);
    events.append(now(), 'daemon.started', null, null, { epoch, version: boot.version });
    if (held) {
      events.append(now(), 'daemon.held', null, null, { jobs: boots.holdJobs(now()) });
      holdDeliveries(database, now());
    }
    const runKey = boots.readMeta(runKeyName) ?? randomBytes(32).toString('hex');
    boots.writeMeta(runKeyName, runKey);
    database.exec('COMMIT');
    return { generation, held, epoch, events, runKey };
  } catch (error) {
    database.close();
    throw ledgerError(error, file);
  }
}

function closeDatabase(database: DatabaseSync, guard: FileGuard, markEnded: () => void, now: number): void {
  let putBack = (): void => undefined;
  try {
    markEnded();
    putBack = guard.save(now);
  } catch {
    // On a full or read-only disk the boot stays without an ending, which the next start takes for a kill.
  } finally {
    database.close();
  }
  putBack();
}

/**
 * Says whether a directory is still the same one: its inode with its time of birth, which a rename keeps and a copy or
 * a move to another device does not. (The device's number would not do: it may change when the host restarts.)
 */
function directoryIdentity(directory: string): string {
  const { dev, ino, birthtimeNs } = statSync(directory, { bigint: true });
  return birthtimeNs > 0n ? `${ino}@${birthtimeNs}` : `${dev}:${ino}`;
}
