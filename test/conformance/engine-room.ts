// A ledger on a real file with an engine over it, a clock that the test moves, and a consumer that hands every claim
// to the test. It can be restarted, politely or by a crash, as often as a test likes.

import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Budget } from '../../src/core/budget.ts';
import { idRandomBytes, newJobId, type JobId } from '../../src/core/ids.ts';
import type { JobState } from '../../src/core/job.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import type {
  Capabilities,
  Claim,
  Engine,
  EngineOptions,
  LaneLimits,
  Place,
} from '../../src/engine/engine.ts';
import type { JobDraft } from '../../src/ledger/jobs.ts';
import { openLedger, type Ledger } from '../../src/ledger/ledger.ts';
import type { RegainedSlot } from '../../src/ledger/slots.ts';
import { noUsage, type RunReport } from '../../src/ledger/run-record.ts';

/** An engine under test; `open` is called anew after every restart, over the ledger as it then is. */
export interface EngineDriver {
  readonly capabilities: Capabilities;
  open(options: EngineOptions): Promise<Engine>;
  /** Resolves when the engine has claimed all that may be; left out: it has whenever a commit is on disk. */
  quiet?(engine: Engine): Promise<void>;
}

export type Lanes = Record<string, LaneLimits>;

export function report(verdict: Verdict, changes: Partial<RunReport> = {}): RunReport {
  const text = verdict === 'done' ? 'answer' : null;
  return {
    verdict,
    text,
    data: null,
    usage: noUsage,
    exitCode: 0,
    agentSessionId: null,
    tree: 'dead',
    ...changes,
  };
}

export class EngineRoom {
  readonly directory = mkdtempSync(join(tmpdir(), 'homer-engine-'));
  readonly #driver: EngineDriver;
  /** Configured lanes; a change is told to the engine by `engine.refresh()`. */
  lanes: Lanes;
  /** Budgets of the day: of lanes, and of all together. */
  budgets: Record<string, { readonly budget: Budget }> = {};
  dayBudget: Budget | null = null;
  now = 1_700_000_000_000;
  /** On which host a job runs; a change is told to the engine by `engine.refresh()`. */
  place: Place = () => ({ host: null });
  ledger!: Ledger;
  engine!: Engine;
  /** Every claim ever handed out, in order. */
  readonly handedOut: Claim[] = [];
  /** Every slot that was given back to a job, in order. */
  readonly slots: RegainedSlot[] = [];
  readonly errors: unknown[] = [];
  readonly #working = new Map<string, () => void>();
  readonly #unread: Claim[] = [];
  readonly #readers: ((claim: Claim) => void)[] = [];

  private constructor(driver: EngineDriver, lanes: Lanes) {
    this.#driver = driver;
    this.lanes = lanes;
    mkdirSync(this.#home);
    mkdirSync(this.#asKilled);
  }

  /** Runs the test in a room of its own, and leaves nothing behind. */
  static async with(
    driver: EngineDriver,
    lanes: Lanes,
    test: (room: EngineRoom) => Promise<void>,
  ): Promise<void> {
    const room = new EngineRoom(driver, lanes);
    try {
      await room.#open();
      await room.receive();
      await test(room);
      if (room.errors.length > 0) throw new AggregateError(room.errors, 'The engine reported errors.');
    } finally {
      await room.engine.close();
      room.ledger.close('drained');
      rmSync(room.directory, { recursive: true, force: true });
    }
  }

  async #open(): Promise<void> {
    this.ledger = await openLedger({
      file: join(this.#home, 'homer.db'),
      backups: join(this.#home, 'backups'),
      boot: { bootId: 'test', hostBootId: null, pid: process.pid, version: '0' },
      now: () => this.now,
      budgets: () => ({ lanes: this.budgets, budget: this.dayBudget }),
    });
    this.engine = await this.#driver.open({
      ledger: this.ledger,
      lanes: () => this.lanes,
      place: (jobId, lane) => this.place(jobId, lane),
      onError: (error) => this.errors.push(error),
    });
  }

  /** Starts to take claims; `with` and `restart` do. */
  async receive(): Promise<void> {
    await this.engine.receive(
      (claim) => {
        this.handedOut.push(claim);
        const reader = this.#readers.shift();
        if (reader === undefined) this.#unread.push(claim);
        else reader(claim);
        return new Promise((resolve) => this.#working.set(claim.runId, resolve));
      },
      (slot) => this.slots.push(slot),
    );
    await this.quiet();
  }

  /**
   * Ends this daemon and starts another over the same ledger. After a crash the files are what they were at that very
   * moment, as kill -9 leaves them. `recover` takes up
   * what was left behind, before the new engine hands out anything; the default gives it back unused.
   */
  async restart(
    how: 'politely' | 'by a crash',
    recover: (room: EngineRoom) => Promise<void> = handBackAll,
  ): Promise<void> {
    await this.quiet();
    await this.engine.close();
    if (how === 'by a crash') this.#copyFiles(this.#home, this.#asKilled);
    this.ledger.close('drained');
    if (how === 'by a crash') this.#copyFiles(this.#asKilled, this.#home);
    for (const end of this.#working.values()) end();
    this.#working.clear();
    this.#unread.length = 0;
    await this.#open();
    await recover(this);
    await this.receive();
  }

  get #home(): string {
    return join(this.directory, 'home');
  }

  get #asKilled(): string {
    return join(this.directory, 'as-killed');
  }

  /** The directory itself stays: another one would be another home. */
  #copyFiles(from: string, to: string): void {
    for (const name of ['homer.db', 'homer.db-wal']) {
      rmSync(join(to, name), { force: true });
      if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name));
    }
  }

  draft(changes: Partial<JobDraft> = {}): JobDraft {
    return {
      id: newJobId(this.now, randomBytes(idRandomBytes)),
      source: 'test',
      key: null,
      bodyHash: 'body',
      lane: 'default',
      executor: 'shell',
      sessionId: null,
      prompt: 'true',
      cwd: '/',
      priority: 0,
      runAfter: null,
      maxAttempts: 3,
      maxCrashes: 3,
      timeoutMs: 60_000,
      onInterrupt: 'resume',
      notify: null,
      ...changes,
    };
  }

  /** Accepts a job and, unless told otherwise, offers it to the engine. */
  async accept(changes: Partial<JobDraft> = {}, offered = true): Promise<JobId> {
    const { id } = await this.ledger.commit(() => this.ledger.jobs.accept(this.draft(changes), this.now));
    if (offered) await this.engine.offer([id]);
    await this.quiet();
    return id;
  }

  acceptAll(drafts: readonly Partial<JobDraft>[]): Promise<JobId[]> {
    return Promise.all(drafts.map((draft) => this.accept(draft)));
  }

  /** The next claim that nobody has looked at; waits for it. */
  next(): Promise<Claim> {
    const claim = this.#unread.shift();
    if (claim !== undefined) return Promise.resolve(claim);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  async nextFor(id: JobId): Promise<Claim> {
    const claim = await this.next();
    if (claim.jobId !== id) throw new Error(`Job ${claim.jobId} was claimed where ${id} was expected.`);
    return claim;
  }

  async settle(claim: Claim, verdict: Verdict = 'done', changes: Partial<RunReport> = {}): Promise<JobState> {
    const state = await this.ledger.commit(() =>
      this.ledger.claims.settle(claim, report(verdict, changes), this.now),
    );
    this.endWork(claim);
    await this.quiet();
    return state;
  }

  async handBack(claim: Claim, delayMs = 0): Promise<void> {
    await this.engine.handBack(claim, delayMs);
    this.endWork(claim);
    await this.quiet();
  }

  /** The consumer is done with the claim. */
  endWork(claim: Claim): void {
    this.#working.get(claim.runId)?.();
    this.#working.delete(claim.runId);
  }

  async cancel(id: JobId): Promise<void> {
    await this.ledger.commit(() => this.ledger.jobs.cancel(id, this.now));
    await this.engine.withdraw(id);
    await this.quiet();
  }

  async setPaused(lane: string, isPaused: boolean): Promise<void> {
    await this.ledger.commit(() => this.ledger.lanes.setPaused(lane, isPaused, this.now));
    await this.refresh();
  }

  /** Moves the clock and lets the engine look at it. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.refresh();
  }

  /** Lets the engine look at what was changed. */
  async refresh(): Promise<void> {
    await this.engine.refresh();
    await this.quiet();
  }

  /** Nothing that may be claimed is still on its way. */
  async quiet(): Promise<void> {
    await this.#driver.quiet?.(this.engine);
  }

  state(id: JobId): JobState {
    return this.ledger.jobs.get(id).state;
  }

  /**
   * Shows that nothing else is handed out: a job of the lane `probe`, which the test must have configured, is asked
   * for after all that could have been, and is the next to come.
   */
  async nothingElse(): Promise<void> {
    await this.quiet();
    const id = await this.accept({ lane: 'probe' });
    await this.settle(await this.nextFor(id));
  }
}

async function handBackAll({ ledger, now }: EngineRoom): Promise<void> {
  await ledger.commit(() => {
    for (const run of ledger.claims.liveRuns())
      ledger.claims.handBack(ledger.claims.adopt(run.id, now), 0, now);
  });
}
