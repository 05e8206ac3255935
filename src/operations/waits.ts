// Long polls for the end of jobs, and for answers of persons. A run that waits holds no slot of its lane: exactly while one of its waits is open its
// job is suspended, and what it waited for is told when the job has its slot again. Nothing polls: waits hang on the event
// log. After a restart no wait is open, and the worker's recovery asks for the slots back.

import { setTimeout as delay } from 'node:timers/promises';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { isEnded } from '../core/job.ts';
import type { Grant } from '../ledger/grant.ts';
import type { Relative } from '../ledger/family.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What can be waited for: an event that names its id wakes whoever waits. */
export interface Awaited {
  readonly id: string;
}

export interface Wait<Each extends Awaited = Relative> {
  /** The jobs, or whatever else is waited for, as they are now. */
  readonly look: () => readonly Each[];
  /** Who waits, as the id of a token, or of what else asks: nobody takes up all the waits there are. */
  readonly by: string;
  /** The run that waits; null for anybody else, who holds no slot. */
  readonly run: RunId | null;
  readonly timeoutMs: number;
  /** Fires when whoever waits has gone. */
  readonly gone: AbortSignal;
}

interface Watcher {
  ids: ReadonlySet<string>;
  readonly look: () => void;
}

const mostWaits = 256;
const mostWaitsEach = 128;
const mostWaitsOfRun = 16;
const eventsAtOnce = 500;
/** Between two tries to get a slot back while the disk refuses. */
const retryMs = 2_000;

export class Waits {
  readonly #ledger: Ledger;
  /** How many waits each run has open; only runs that have some. */
  readonly #open = new Map<RunId, number>();
  readonly #watchers = new Set<Watcher>();
  readonly #held = new Map<string, number>();
  #count = 0;
  #seen = 0;
  #unsubscribe: (() => void) | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * Resolves when all the jobs have ended, at the timeout or when nobody waits any more, with the jobs as they are then. A
   * run has its slot again by then. Throws HOMER_RUN_ENDED when the run that waits ends, HOMER_RATE_LIMITED when there
   * are too many waits.
   */
  wait(wait: Wait): Promise<readonly Relative[]> {
    return this.waitFor(wait, areEnded);
  }

  /** The same for anything else; `areOver` says whether nothing is left to wait for. */
  async waitFor<Each extends Awaited>(
    wait: Wait<Each>,
    areOver: (all: readonly Each[]) => boolean,
  ): Promise<readonly Each[]> {
    const { by, run } = wait;
    const held = this.#held.get(by) ?? 0;
    const isTooMuch = held >= mostWaitsEach || (run !== null && this.#openOf(run) >= mostWaitsOfRun);
    if (this.#count >= mostWaits || isTooMuch)
      throw new HomerError('HOMER_RATE_LIMITED', 'There are too many open waits.', {
        details: { retryAfter: 5 },
      });
    this.#count += 1;
    this.#held.set(by, held + 1);
    try {
      if (wait.timeoutMs > 0 && !areOver(wait.look()))
        await this.#waitForEnd(wait, () => areOver(wait.look()));
      if (run !== null) await this.#untilSlot(run, wait.gone);
      return wait.look();
    } finally {
      this.#count -= 1;
      const left = (this.#held.get(by) ?? 1) - 1;
      if (left > 0) this.#held.set(by, left);
      else this.#held.delete(by);
    }
  }

  async #waitForEnd<Each extends Awaited>(
    { look, run, timeoutMs, gone }: Wait<Each>,
    isOver: () => boolean,
  ): Promise<void> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const over = AbortSignal.any([gone, timeout.signal]);
    const idsOf = (): string[] => look().map(({ id }) => id);
    try {
      if (run === null) await this.#until(idsOf, isOver, over);
      else
        await this.#suspended(run, (own) =>
          this.#until(
            () => [...idsOf(), own.jobId],
            () => {
              this.#keepSuspended(run);
              return isOver();
            },
            over,
          ),
        );
    } finally {
      clearTimeout(timer);
    }
  }

  /** The job of the run gives its slot away for as long as `during` takes, or another wait of the run. */
  async #suspended(run: RunId, during: (claim: Grant) => Promise<void>): Promise<void> {
    const { ledger, claim } = { ledger: this.#ledger, claim: this.#claimOf(run) };
    this.#open.set(run, this.#openOf(run) + 1);
    try {
      await ledger.commit(() => {
        ledger.slots.unwant(claim.jobId);
        ledger.claims.suspend(claim, 'children', ledger.now());
      });
      // Another wait of this run that is over need not wait for the slot: the run still waits.
      this.#wake(new Set([claim.jobId]));
      await during(claim);
    } finally {
      const left = this.#openOf(run) - 1;
      if (left > 0) this.#open.set(run, left);
      else this.#open.delete(run);
      if (left === 0) await this.#want(claim);
    }
  }

  /** An approval gave the slot back to a run that still waits for children: it gives it away again. */
  #keepSuspended(run: RunId): void {
    const { slots, claims } = this.#ledger;
    const claim = this.#claimOf(run);
    if (slots.waitsForChildren(claim.jobId)) return;
    this.#ledger
      .commit(() => claims.suspend(claim, 'children', this.#ledger.now()))
      // The disk refuses, or the run has just ended: the run works on with its slot, or needs none any more.
      .catch(() => undefined);
  }

  /** Never gives up: a job whose wait is over must not stay without its slot because a disk was full for a while. */
  async #want({ jobId }: Grant): Promise<void> {
    const ledger = this.#ledger;
    for (;;) {
      try {
        return await ledger.commit(() => {
          if (ledger.slots.waitsForChildren(jobId)) ledger.slots.want(jobId, ledger.now());
        });
      } catch (error) {
        // Closed, or out of order: the next daemon asks for the slot.
        if (!isHomerError(error, 'HOMER_DISK_FULL') && !isHomerError(error, 'HOMER_READ_ONLY')) return;
      }
      await delay(retryMs);
    }
  }

  /** Returns when the run has its slot, or another wait of it is open, or nobody waits any more. */
  async #untilSlot(run: RunId, gone: AbortSignal): Promise<void> {
    const { jobId } = this.#claimOf(run);
    await this.#until(
      () => [jobId],
      () => {
        this.#claimOf(run);
        return this.#openOf(run) > 0 || !this.#ledger.slots.waitsForChildren(jobId);
      },
      gone,
    );
  }

  #openOf(run: RunId): number {
    return this.#open.get(run) ?? 0;
  }

  #claimOf(run: RunId): Grant {
    const claim = this.#ledger.runTokens.current(run);
    if (claim === null) throw new HomerError('HOMER_RUN_ENDED', `Run ${run} has ended.`);
    return claim;
  }

  /** Resolves when `sees` is true, asked now and after each commit in which something happened to one of the ids, or at the signal. */
  #until(ids: () => readonly string[], sees: () => boolean, over: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        over.removeEventListener('abort', stop);
        this.#unwatch(watcher);
        settle();
      };
      const stop = (): void => end(resolve);
      const watcher: Watcher = {
        ids: new Set(),
        look: () => {
          // Called in the middle of a commit's aftermath, where nothing may be thrown.
          try {
            if (over.aborted || sees()) end(resolve);
            else watcher.ids = new Set(ids());
          } catch (error) {
            end(() => reject(error instanceof Error ? error : new Error(String(error))));
          }
        },
      };
      over.addEventListener('abort', stop, { once: true });
      this.#watch(watcher);
      watcher.look();
    });
  }

  #watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#unsubscribe !== null) return;
    const { events } = this.#ledger;
    this.#seen = events.lastSeq();
    this.#unsubscribe = events.subscribe(() => this.#afterCommit());
  }

  #unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #afterCommit(): void {
    let touched: ReadonlySet<string>;
    try {
      touched = this.#touched();
    } catch {
      // What is wrong with the ledger each look meets for itself, and tells whoever waits.
      for (const watcher of [...this.#watchers]) watcher.look();
      return;
    }
    this.#wake(touched);
  }

  #touched(): ReadonlySet<string> {
    const touched = new Set<string>();
    for (;;) {
      const events = this.#ledger.events.read(this.#seen, eventsAtOnce);
      for (const { jobId, data } of events) {
        if (jobId !== null) touched.add(jobId);
        const questionId = data?.['questionId'];
        if (typeof questionId === 'string') touched.add(questionId);
      }
      this.#seen = events.at(-1)?.seq ?? this.#seen;
      if (events.length < eventsAtOnce) return touched;
    }
  }

  #wake(touched: ReadonlySet<string>): void {
    for (const watcher of [...this.#watchers]) {
      const isMeant = [...watcher.ids].some((id) => touched.has(id));
      if (isMeant) watcher.look();
    }
  }
}

/** Also of none: who waits for no children need not wait. */
export function areEnded(jobs: readonly Relative[]): boolean {
  return jobs.every(({ state }) => isEnded(state));
}
