// The ledger's side of every engine. It takes part in every commit: what is due is queued, slots are given back, jobs at
// a usage limit are parked, and of what pauses, budgets, rates and concurrency leave, the engine says which jobs it takes
// now. These are granted in that same commit. Nothing polls: one timer stands for the next due job or rate window.

import type { JobId } from '../core/ids.ts';
import { canaryName } from '../core/canary.ts';
import type { Taking } from '../ledger/grant.ts';
import type { RegainedSlot } from '../ledger/slots.ts';
import type { UsageLimit } from '../ledger/usage-limits.ts';
import { decideAllowance, type Rate } from '../core/rate.ts';
import {
  orphanLimits,
  type Claim,
  type Consumer,
  type EngineOptions,
  type LaneDepth,
  type LaneLimits,
  type Place,
  type SlotConsumer,
} from './engine.ts';

/** Timers do not run while the host sleeps: a longer wait is cut, so that waking up is noticed within a minute. */
const longestWaitMs = 60_000;
const promoteBatch = 500;
/** More than any lane's concurrency: who is claimed was looked at. */
const parkBatch = 300;

/** Asked inside the commit of each job that may be claimed now, in the order of its lane; true: it is, in this commit. */
export type Take = (jobId: JobId, lane: string) => boolean;

/** Told inside the commit who is next in a lane after those, as many as may run in it at a time. */
export type Foresee = (jobIds: readonly JobId[], lane: string) => void;

export class Grants {
  readonly #options: EngineOptions;
  readonly #take: ((jobId: JobId, lane: string) => Taking) | undefined;
  readonly #foresee: Foresee | undefined;
  /** What the rate of a lane has to remember, and the window for which it is complete. */
  readonly #grantTimes = new Map<string, { readonly perMs: number; times: number[] }>();
  #consumer: Consumer | null = null;
  #onSlot: SlotConsumer = () => undefined;
  /** Nothing moves but in this lane. */
  #only: string | null = null;
  #granted: Claim[] = [];
  #regained: RegainedSlot[] = [];
  #wakeAt: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** Without `take` all are claimed that may be. */
  constructor(options: EngineOptions, take?: Take, foresee?: Foresee) {
    this.#options = options;
    this.#take = takingOf(options.place, take);
    this.#foresee = foresee;
    options.ledger.writer.join({
      beforeCommit: () => this.#claimReady(),
      afterCommit: () => this.#deliver(),
      afterRollback: () => this.#forget(),
    });
  }

  /** Engine.receive */
  async receive(consumer: Consumer, onSlot?: SlotConsumer, only?: string): Promise<void> {
    this.#consumer = consumer;
    this.#only = only ?? null;
    this.#onSlot = onSlot ?? this.#onSlot;
    await this.refresh();
  }

  /** Engine.handBack */
  async handBack(claim: Claim, delayMs: number): Promise<void> {
    const { ledger } = this.#options;
    await ledger.commit(() => ledger.claims.handBack(claim, delayMs, ledger.now()));
  }

  /** A commit without intents: every commit looks at all lanes. */
  async refresh(): Promise<void> {
    await this.#options.ledger.commit(() => undefined);
  }

  /** Engine.depth */
  async depth(): Promise<readonly LaneDepth[]> {
    const { ledger, lanes } = this.#options;
    const paused = ledger.lanes.paused();
    const all = new Set([
      ...Object.keys(lanes()),
      ...ledger.jobs.lanesWithQueued(),
      ...ledger.claims.lanesRunning(),
    ]);
    all.delete(canaryName);
    return [...all].map((lane) => ({
      lane,
      queued: ledger.jobs.queuedIn(lane),
      running: ledger.claims.runningIn(lane),
      paused: paused.has(lane),
    }));
  }

  /** Grants nothing more. */
  close(): void {
    this.#consumer = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #claimReady(): void {
    const { ledger, lanes } = this.#options;
    if (this.#consumer === null || ledger.isHeld()) return;
    const now = ledger.now();
    this.#wakeAt = null;
    if (this.#only !== null) return this.#claimOnly(this.#only, now);
    const due = ledger.jobs.nextDueAt();
    if (due !== null && due <= now) {
      const promoted = ledger.jobs.promoteDue(now, promoteBatch);
      this.#wakeBy(promoted === promoteBatch ? now : ledger.jobs.nextDueAt());
    } else this.#wakeBy(due);

    const paused = ledger.lanes.paused();
    const configured = lanes();
    const usageLimits = ledger.usageLimits.inForce(now);
    // Who had a slot before comes before who has none yet, also in a paused lane: what runs goes on there.
    for (const lane of ledger.slots.lanesWanted()) {
      const free = limitsOf(configured, lane).concurrency - ledger.claims.runningIn(lane);
      if (free > 0) this.#regained.push(...ledger.slots.regain(lane, free, now));
    }
    for (const lane of ledger.jobs.lanesWithQueued()) {
      if (paused.has(lane)) continue;
      if (usageLimits.length > 0 && !this.#parkLimited(lane, usageLimits, now)) continue;
      const closed = ledger.spending.closed(lane, now);
      if (closed !== null) {
        this.#wakeBy(closed.until);
        continue;
      }
      const { concurrency, rate } = limitsOf(configured, lane);
      const free = concurrency - ledger.claims.runningIn(lane);
      if (free <= 0) continue;
      const allowed = rate === null ? free : Math.min(free, this.#allowance(lane, rate, now));
      if (allowed <= 0) continue;
      const grants = ledger.claims.grant(lane, allowed, now, this.#take, () => this.#wakeBy(now));
      if (rate === null) this.#grantTimes.delete(lane);
      else this.#grantTimes.get(lane)?.times.push(...grants.map(() => now));
      this.#granted.push(...grants);
      this.#foresee?.(ledger.claims.next(lane, allowed - grants.length + concurrency), lane);
    }
    // What found no host was parked just now.
    if (this.#options.place !== undefined) this.#wakeBy(ledger.jobs.nextDueAt());
  }

  /** Neither due times nor slots nor limits of others are touched. */
  #claimOnly(lane: string, now: number): void {
    const { ledger, lanes } = this.#options;
    const free = limitsOf(lanes(), lane).concurrency - ledger.claims.runningIn(lane);
    if (free > 0) this.#granted.push(...ledger.claims.grant(lane, free, now, this.#take));
  }

  /** Parks the lane's next jobs whose executors are limited; false: there may be more of them, and the engine wakes for these. */
  #parkLimited(lane: string, limits: readonly UsageLimit[], now: number): boolean {
    const { jobs, usageLimits } = this.#options.ledger;
    if (usageLimits.park(lane, parkBatch, limits, now) === 0) return true;
    // What was behind those is seen at the next look.
    this.#wakeBy(jobs.nextDueAt());
    this.#wakeBy(now);
    return false;
  }

  /** What the rate allows now. If that is nothing, the engine wakes when it is something again. */
  #allowance(lane: string, rate: Rate, now: number): number {
    let known = this.#grantTimes.get(lane);
    if (known?.perMs !== rate.perMs) {
      const times = this.#options.ledger.claims.grantsSince(lane, now - rate.perMs);
      known = { perMs: rate.perMs, times };
      this.#grantTimes.set(lane, known);
    }
    known.times = known.times.filter((at) => at > now - rate.perMs);
    const { allowed, nextAt } = decideAllowance(rate, known.times, now);
    this.#wakeBy(nextAt);
    return allowed;
  }

  #wakeBy(at: number | null): void {
    if (at !== null && (this.#wakeAt === null || at < this.#wakeAt)) this.#wakeAt = at;
  }

  #deliver(): void {
    this.#armTimer();
    const consumer = this.#consumer;
    for (const slot of this.#regained.splice(0)) this.#onSlot(slot);
    const claims = this.#granted;
    if (claims.length === 0) return;
    this.#granted = [];
    for (const claim of claims) {
      if (consumer === null) this.#keep(this.handBack(claim, 0));
      else this.#keep(consumer(claim));
    }
  }

  #forget(): void {
    this.#granted = [];
    this.#regained = [];
    // The times are read from the ledger again: some of the grants they count never happened.
    this.#grantTimes.clear();
  }

  #armTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#wakeAt === null || this.#consumer === null) return;
    const waitMs = Math.min(longestWaitMs, Math.max(0, this.#wakeAt - this.#options.ledger.now()));
    this.#timer = setTimeout(() => this.#keep(this.refresh()), waitMs);
  }

  #keep(promise: Promise<void>): void {
    promise.catch((error: unknown) => this.#options.onError(error));
  }
}

function limitsOf(configured: Readonly<Record<string, LaneLimits>>, lane: string): LaneLimits {
  return Object.hasOwn(configured, lane) ? (configured[lane] ?? orphanLimits) : orphanLimits;
}

/** Only what runs here goes through the engine's transport: a worker elsewhere that is given a job has asked for it already. */
function takingOf(
  place: Place | undefined,
  take: Take | undefined,
): ((jobId: JobId, lane: string) => Taking) | undefined {
  if (place === undefined && take === undefined) return undefined;
  return (jobId, lane) => {
    const placed = place === undefined ? { host: null } : place(jobId, lane);
    if (typeof placed === 'string' || placed.host !== null || take === undefined) return placed;
    return take(jobId, lane) ? placed : 'offered';
  };
}
