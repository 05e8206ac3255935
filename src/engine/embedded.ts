// The embedded engine: claims straight from the ledger, inside the very commit that made them possible. A job that is
// accepted while a slot is free is claimed by the same fsync that accepts it; a settlement frees the slot and fills it
// again in one. Claims never end by time. Nothing polls: one timer stands for the next due job or rate window.

import type { JobId } from '../core/ids.ts';
import { decideAllowance, type Rate } from '../core/rate.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Capabilities, Claim, Consumer, Engine, LaneDepth } from './engine.ts';

export interface LaneLimits {
  readonly concurrency: number;
  readonly rate: Rate | null;
}

export interface EmbeddedOptions {
  readonly ledger: Ledger;
  /** The lanes as configured now; read at every decision, so a reload needs only `refresh`. */
  readonly lanes: () => Readonly<Record<string, LaneLimits>>;
  /** Told of an error nobody awaits. */
  readonly onError: (error: unknown) => void;
}

const capabilities: Capabilities = { crossHost: false, timedClaims: false, ageing: true, strictRate: true };

/** Timers do not run while the host sleeps: a longer wait is cut, so that waking up is noticed within a minute. */
const longestWaitMs = 60_000;
const promoteBatch = 500;
const orphanLimits: LaneLimits = { concurrency: 1, rate: null };

export class EmbeddedEngine implements Engine {
  readonly kind = 'embedded';
  readonly capabilities = capabilities;
  readonly #options: EmbeddedOptions;
  readonly #grantTimes = new Map<string, number[]>();
  /** Lanes that have jobs and are in no configuration any more: they are worked off one by one, never stuck. */
  #orphanLanes: readonly string[] = [];
  #consumer: Consumer | null = null;
  #granted: Claim[] = [];
  #wakeAt: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    options.ledger.writer.join({
      beforeCommit: () => this.#claimReady(),
      afterCommit: () => this.#deliver(),
      afterRollback: () => this.#forget(),
    });
  }

  async offer(_jobIds: readonly JobId[]): Promise<void> {
    // Nothing to do: the commit that queued the jobs has looked at their lanes already.
  }

  async receive(consumer: Consumer): Promise<void> {
    this.#consumer = consumer;
    await this.refresh();
  }

  async extend(_claim: Claim): Promise<'kept'> {
    return 'kept';
  }

  async handBack(claim: Claim, delayMs: number): Promise<void> {
    const { ledger } = this.#options;
    await ledger.commit(() => ledger.claims.handBack(claim, delayMs, ledger.now()));
  }

  async withdraw(_jobId: JobId): Promise<void> {
    // Nothing to do: a job that is not queued in the ledger is never claimed.
  }

  /** A commit without intents: every commit looks at all lanes. */
  async refresh(): Promise<void> {
    this.#orphanLanes = this.#options.ledger.jobs
      .lanesWithQueued()
      .filter((lane) => !(lane in this.#options.lanes()));
    await this.#options.ledger.commit(() => undefined);
  }

  async depth(): Promise<readonly LaneDepth[]> {
    const { ledger, lanes } = this.#options;
    const paused = ledger.lanes.paused();
    return Object.keys(lanes()).map((lane) => ({
      lane,
      queued: ledger.jobs.queuedIn(lane),
      running: ledger.claims.runningIn(lane),
      paused: paused.has(lane),
    }));
  }

  async close(): Promise<void> {
    this.#consumer = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #claimReady(): void {
    const { ledger, lanes } = this.#options;
    if (this.#consumer === null || ledger.isHeld()) return;
    const now = ledger.now();
    this.#wakeAt = null;
    const due = ledger.jobs.nextDueAt();
    if (due !== null && due <= now) {
      const promoted = ledger.jobs.promoteDue(now, promoteBatch);
      this.#wakeBy(promoted === promoteBatch ? now : ledger.jobs.nextDueAt());
    } else this.#wakeBy(due);

    const paused = ledger.lanes.paused();
    const configured = Object.entries(lanes());
    const orphans = this.#orphanLanes.map((lane) => [lane, orphanLimits] as const);
    for (const [lane, { concurrency, rate }] of [...configured, ...orphans]) {
      if (paused.has(lane)) continue;
      const free = concurrency - ledger.claims.runningIn(lane);
      if (free <= 0) continue;
      const allowed = rate === null ? free : Math.min(free, this.#allowance(lane, rate, now));
      if (allowed <= 0) continue;
      const grants = ledger.claims.grant(lane, allowed, now);
      if (rate !== null) for (const _ of grants) this.#grantTimes.get(lane)?.push(now);
      this.#granted.push(...grants);
    }
  }

  /** What the rate allows now. If that is nothing, the engine wakes when it is something again. */
  #allowance(lane: string, rate: Rate, now: number): number {
    const earlier =
      this.#grantTimes.get(lane) ?? this.#options.ledger.claims.grantsSince(lane, now - rate.perMs);
    const recent = earlier.filter((at) => at > now - rate.perMs);
    this.#grantTimes.set(lane, recent);
    const { allowed, nextAt } = decideAllowance(rate, recent, now);
    // A lane with nothing to do needs no waking.
    if (nextAt !== null && this.#options.ledger.jobs.hasQueued(lane)) this.#wakeBy(nextAt);
    return allowed;
  }

  #wakeBy(at: number | null): void {
    if (at !== null && (this.#wakeAt === null || at < this.#wakeAt)) this.#wakeAt = at;
  }

  #deliver(): void {
    this.#armTimer();
    const consumer = this.#consumer;
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
