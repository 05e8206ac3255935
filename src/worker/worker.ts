// The worker: takes claims and runs, and keeps each in hand until it is settled or handed over.

import { setTimeout as delay } from 'node:timers/promises';
import { isCanary } from '../core/canary.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { JobId, RunId } from '../core/ids.ts';
import type { Claim, Engine } from '../engine/engine.ts';
import { noUsage } from '../ledger/run-record.ts';
import { runMarker } from '../runner/leftovers.ts';
import { noteLeftUsage } from './left-usage.ts';
import { runDirectory } from './run-files.ts';
import { LedgerBook, type LedgerBookContext, type LedgerRun as Run } from './ledger-book.ts';
import { driveRun, type Step } from './run-driver.ts';
import { orderStop } from './stop-order.ts';
import type { RemoteRuns } from './remote/remote-runs.ts';
import { leftWorktrees, tidyLeftWorktrees } from './tidy-worktree.ts';

export interface WorkerOptions extends Omit<LedgerBookContext, 'onUsage'> {
  readonly engine: Engine;
  /** Runs on other hosts. */
  readonly remote: RemoteRuns;
  readonly hostBootId: string | null;
  /** Told the number of runs in hand whenever it changes. */
  readonly onCount?: (runs: number) => void;
}

interface Held {
  readonly run: Run;
  readonly settled: Promise<void>;
}

/** A run whose drive failed for a reason nobody foresaw is looked at again after this, and at last left to a person. */
const lookAgainMs = 5_000;
const mostLooks = 5;

export class Worker {
  readonly #options: WorkerOptions & LedgerBookContext;
  readonly #book: LedgerBook;
  readonly #held = new Map<RunId, Held>();
  /** Aborted when the runs are handed over: they go on, we let go of them. */
  readonly #handOver = new AbortController();
  #settledCount = 0;

  constructor(options: WorkerOptions) {
    this.#options = { ...options, onUsage: () => this.#endOverspent() };
    this.#book = new LedgerBook(this.#options);
  }

  /**
   * Makes every run an earlier boot left behind ours, with `only` those of this lane; what becomes of each is found out in the
   * background.
   */
  async recover(only?: string): Promise<number> {
    const { ledger, hostBootId } = this.#options;
    const left = ledger.claims
      .liveRuns()
      .filter(({ epoch, lane }) => epoch !== ledger.epoch && (only === undefined || lane === only));
    if (left.length === 0) return 0;
    const boots = ledger.boots.before(ledger.epoch, left.length * 10);
    const hostBoots = new Map(boots.map((boot) => [boot.epoch, boot.hostBootId]));
    const claims = await ledger.commit(() => {
      if (only === undefined) ledger.slots.wantForsaken(ledger.now());
      return left.map((run) => ledger.claims.adopt(run.id, ledger.now()));
    });
    claims.forEach((claim, index) => {
      const epoch = left[index]?.epoch ?? 0;
      void this.#take(claim, 'inspect', hostBoots.get(epoch) ?? hostBootId, ledger.isHeld());
    });
    return claims.length;
  }

  /** Takes claims from the engine until the engine is closed. */
  async start(): Promise<void> {
    void tidyLeftWorktrees(this.#options);
    this.#options.remote.start();
    // Before anything is claimed: a budget that these have used up is none.
    await noteLeftUsage(this.#options, () => this.#runs());
    await this.receive();
  }

  /** Takes claims, with `only` of this lane alone, and does nothing else of what `start` does. */
  async receive(only?: string): Promise<void> {
    await this.#options.engine.receive(
      (claim) => {
        this.#options.pass('3-claimed');
        return this.#take(claim, 'start', this.#options.hostBootId, false);
      },
      ({ jobId }) => this.tellAnswers(jobId),
      only,
    );
  }

  /** Jobs that are over and still have a worktree that may go. */
  leftWorktrees(): JobId[] {
    return leftWorktrees(this.#options);
  }

  /** Removes those, unless something would be lost. Never rejects. */
  async tidyWorktrees(): Promise<void> {
    await tidyLeftWorktrees(this.#options);
  }

  /** What the run of a job did last; null when nothing is known. */
  activityOf(jobId: string): string | null {
    return this.#runs().find((run) => run.claim.jobId === jobId)?.activity ?? null;
  }

  /** Runs in hand. */
  get liveCount(): number {
    return this.#held.size;
  }

  /** Runs settled since the daemon was started. */
  get settledCount(): number {
    return this.#settledCount;
  }

  /** Tells the run of a job to end; nothing happens when none is in hand. */
  cancel(jobId: JobId): void {
    for (const run of this.#runs()) if (run.claim.jobId === jobId) orderStop(this.#options, run, 'cancelled');
  }

  /** Tells the run of a job what persons answered, if the job has its slot; nothing happens when none is in hand. */
  tellAnswers(jobId: JobId): void {
    for (const run of this.#runs())
      if (run.claim.jobId === jobId) void this.#book.tell(run, this.#handOver.signal);
  }

  /** Tells every run to end, as interrupted. */
  endAll(): void {
    for (const run of this.#runs()) orderStop(this.#options, run, 'interrupted');
  }

  /** Resolves when no run is in hand, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const patience = delay(timeoutMs, undefined, { signal: timeout.signal }).catch(() => {
      // Aborted below: the runs were done first.
    });
    await Promise.race([this.#allSettled(), patience]);
    timeout.abort();
  }

  /** Lets go of what still runs; the runners go on and the next daemon adopts them. Returns how many there are. */
  async handOver(): Promise<number> {
    const left = this.#held.size;
    this.#handOver.abort(new HomerError('HOMER_DRAINING', 'The daemon stops; the run goes on.'));
    await this.#allSettled();
    return left;
  }

  /**
   * Each runner keeps what was left when it was started; what several use at once only the ledger knows. The runs of a lane
   * that have passed a budget together are ended, each in the middle of at most one turn.
   */
  #endOverspent(): void {
    const { ledger } = this.#options;
    for (const run of this.#runs()) {
      if (run.isOverspent) continue;
      const passed = ledger.spending.passed(run.claim.lane, ledger.now());
      if (passed === null) continue;
      run.isOverspent = true;
      const message = `The budget of the day is used up (${passed.why}).`;
      orderStop(this.#options, run, 'budget', { message, until: passed.until });
    }
  }

  #runs(): Run[] {
    return [...this.#held.values()].map(({ run }) => run);
  }

  async #allSettled(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ settled }) => settled));
  }

  /** Never rejects. Resolves when the run is settled, handed over, or no longer ours. */
  #take(claim: Claim, first: Step, hostBootId: string | null, foreignGeneration: boolean): Promise<void> {
    const { home, homeIdentity } = this.#options;
    const run: Run = {
      claim,
      directory: runDirectory(home, claim.runId),
      marker: runMarker(homeIdentity, claim.runId),
      hostBootId,
      foreignGeneration,
      activity: null,
      usage: noUsage,
      noted: 0,
      told: new Set(),
      isOverspent: false,
      isToEnd: false,
    };
    const settled = this.#drive(run, first).finally(() => {
      this.#held.delete(claim.runId);
      this.#options.ledger.spending.forgetLive(claim.runId);
      this.#tellCount(run);
    });
    this.#held.set(claim.runId, { run, settled });
    this.#tellCount(run);
    return settled;
  }

  /** The machine is not kept awake for a canary. */
  #tellCount({ claim }: Run): void {
    if (isCanary(claim.lane)) return;
    this.#options.onCount?.(this.#runs().filter((run) => !isCanary(run.claim.lane)).length);
  }

  async #drive(run: Run, first: Step): Promise<void> {
    const { signal } = this.#handOver;
    const { remote } = this.#options;
    const { jobId, runId } = run.claim;
    for (let step = first, looks = 1; ; step = 'inspect', looks++) {
      try {
        if (looks > mostLooks) await this.#book.awaitPerson(run, 'Its files cannot be read.', signal);
        else if (run.claim.host === null) await driveRun(this.#options, this.#book, run, step, signal);
        else await remote.drive(this.#book, run, run.claim.host, step === 'start', signal);
        if (!isCanary(run.claim.lane)) this.#settledCount += 1;
        this.#endOverspent();
        await this.#options.engine.withdraw(jobId);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onError(error, { jobId, runId });
        // Somebody else settled it: nothing is left for us to do.
        if (isHomerError(error, 'HOMER_FENCED')) return;
      }
      await delay(lookAgainMs, undefined, { signal }).catch(() => {
        // Handed over meanwhile: the loop ends at the next look.
      });
      if (signal.aborted) return;
    }
  }
}
