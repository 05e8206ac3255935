// The runs in the hands of this worker: taken as they are granted, adopted at the start, kept until the daemon has what became of them.

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HomerError, isHomerError, messageOf } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { hostBootId } from '../lifecycle/process-identity.ts';
import { steadyNow } from '../lifecycle/steady-clock.ts';
import { fileNames, type Order } from '../runner/files.ts';
import { writeLease } from '../runner/lease.ts';
import { sendOrder } from '../runner/records.ts';
import type { Down } from '../worker/remote/messages.ts';
import { isPassing } from '../worker/persist.ts';
import { driveRun, type Step } from '../worker/run-driver.ts';
import { workingDirectory } from '../worker/run-files.ts';
import { gone, HostBook, type HostBookContext } from './host-book.ts';
import { findHostRuns, makeHostRun, type HostRun } from './host-run.ts';

export interface HostRunsOptions extends HostBookContext {
  /** The only directories jobs may work in, absolute; empty: any. */
  readonly roots: () => readonly string[];
  /** A grant that nothing comes of. */
  readonly onUnused: (grant: Grant, why: string, declines: boolean) => void;
  /** Told the number of runs in hand whenever it changes. */
  readonly onCount: (runs: number) => void;
}

export type Grant = Extract<Down, { type: 'grant' }>;

/** A run whose drive failed for a reason nobody foresaw is looked at again after this, and at last left to a person. */
const lookAgainMs = 5_000;
const mostLooks = 5;

export class HostRuns {
  readonly #options: HostRunsOptions;
  readonly #book: HostBook;
  readonly #held = new Map<RunId, { readonly run: HostRun; readonly over: Promise<void> }>();
  readonly #handOver = new AbortController();

  constructor(options: HostRunsOptions) {
    this.#options = options;
    this.#book = new HostBook(options);
  }

  get runs(): HostRun[] {
    return [...this.#held.values()].map(({ run }) => run);
  }

  /** Takes up what an earlier process of this worker left. */
  adopt(): number {
    const left = findHostRuns(this.#options);
    for (const run of left) this.#take(run, 'inspect');
    return left.length;
  }

  /** `leaseEndsAt`: on the steady clock, from when it was asked for. */
  take(grant: Grant, leaseEndsAt: number): void {
    const { brief, jobId, lane, outbox, token } = grant;
    const { runId } = brief;
    if (this.#held.has(runId)) return;
    const { onUnused, marginMs } = this.#options;
    if (leaseEndsAt - steadyNow() <= marginMs()) return onUnused(grant, 'It came too late.', false);
    const why = this.#whyNot(grant);
    if (why !== null) return onUnused(grant, why, true);
    try {
      const claim = { jobId, lane, runId, token, host: null };
      const file = { claim, brief, outbox, hostBootId: hostBootId(), starts: 0 };
      const run = makeHostRun(this.#options, file, leaseEndsAt);
      run.confirmed.resolve();
      this.#take(run, 'start');
    } catch (error) {
      onUnused(grant, messageOf(error), false);
    }
  }

  find(runId: RunId): HostRun | null {
    return this.#held.get(runId)?.run ?? null;
  }

  /** The daemon has heard of us since then, so that the run is ours until `leaseEndsAt`. */
  extend(runId: RunId, leaseEndsAt: number): void {
    const run = this.find(runId);
    if (run === null) return;
    run.confirmed.resolve();
    if (leaseEndsAt <= run.leaseEndsAt) return;
    run.leaseEndsAt = leaseEndsAt;
    if (run.ending !== null) return;
    try {
      writeLease(run.directory, leaseEndsAt);
    } catch (error) {
      // It ends when the lease that stands there does.
      this.#options.onError(error, { runId, part: 'lease' });
    }
  }

  /** The run is not ours any more: what lives of it ends at once, and nothing is told of it. */
  lose(runId: RunId): void {
    const run = this.find(runId);
    if (run === null || run.isGone) return;
    run.isGone = true;
    run.over.reject(gone(run));
    try {
      writeLease(run.directory, 0);
    } catch (error) {
      this.#options.onError(error, { runId, part: 'lease' });
    }
  }

  settled(runId: RunId): void {
    this.find(runId)?.over.resolve();
  }

  /** Each is passed on once; `number` grows. */
  order(runId: RunId, number: number, order: Order): void {
    const run = this.find(runId);
    if (run === null || number <= run.ordered) return;
    run.ordered = number;
    if (order.type === 'stop') {
      run.isToEnd = true;
      if (order.reason === 'cancelled') run.isCancelled = true;
    }
    try {
      if (existsSync(join(run.directory, fileNames.inbox))) sendOrder(run.directory, order);
      else run.early.push(order);
    } catch (error) {
      // Passed on again in the next conversation.
      this.#options.onError(error, { runId, order: order.type });
    }
  }

  /** Resolves when no run is in hand, or after `timeoutMs`, or at the signal. */
  async drain(timeoutMs: number, hurry: AbortSignal): Promise<void> {
    const timeout = new AbortController();
    const either = AbortSignal.any([timeout.signal, hurry]);
    const patience = delay(timeoutMs, undefined, { signal: either }).catch(() => undefined);
    await Promise.race([this.#allOver(), patience]);
    timeout.abort();
  }

  /** Lets go of what still runs; the runners go on and the next start adopts them. Returns how many there are. */
  async handOver(): Promise<number> {
    const left = this.#held.size;
    this.#handOver.abort(new HomerError('HOMER_DRAINING', 'The worker stops; the run goes on.'));
    await this.#allOver();
    return left;
  }

  async #allOver(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ over }) => over));
  }

  /** In a sentence, why this host cannot do it; null: it can. */
  #whyNot({ brief: { job } }: Grant): string | null {
    const { executors, home, roots } = this.#options;
    if (!Object.hasOwn(executors(), job.executor)) return `There is no executor "${job.executor}" here.`;
    const cwd = workingDirectory(home, job);
    if (cwd !== job.cwd) return null;
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
      return `${cwd} is no directory here.`;
    const allowed = roots();
    if (allowed.length === 0 || allowed.some((root) => cwd === root || cwd.startsWith(`${root}/`)))
      return null;
    return `${cwd} is in none of the roots of this host.`;
  }

  #take(run: HostRun, first: Step): void {
    const { runId } = run.claim;
    const over = this.#drive(run, first).finally(() => {
      this.#held.delete(runId);
      this.#options.onCount(this.#held.size);
    });
    this.#held.set(runId, { run, over });
    this.#options.onCount(this.#held.size);
  }

  /** Never rejects. */
  async #drive(run: HostRun, first: Step): Promise<void> {
    const { signal } = this.#handOver;
    for (let step = first, looks = 1; ; step = 'inspect', looks++) {
      try {
        if (run.ending !== null) await this.#book.end(run, run.ending, signal);
        else if (looks > mostLooks) await this.#book.awaitPerson(run, 'Its files cannot be read.', signal);
        else await driveRun(this.#options, this.#book, run, step, signal);
        this.#forget(run);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const isFenced = isHomerError(error, 'HOMER_FENCED');
        // A full disk says nothing of the run, however long it stays full.
        if (isPassing(error)) looks -= 1;
        this.#options.onError(error, { runId: run.claim.runId });
        if (isFenced) {
          this.#forget(run);
          return;
        }
      }
      await delay(lookAgainMs, undefined, { signal }).catch(() => {
        // Handed over meanwhile: the loop ends at the next look.
      });
      if (signal.aborted) return;
    }
  }

  /** The daemon has all of it, or wants nothing of it. */
  #forget(run: HostRun): void {
    try {
      rmSync(run.directory, { recursive: true, force: true });
    } catch (error) {
      this.#options.onError(error, { runId: run.claim.runId, part: 'files' });
    }
  }
}
