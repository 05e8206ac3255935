// The BullMQ engine. The ledger decides what may be claimed, as it does for the embedded engine, and grants every claim;
// Redis only carries the news that a job is ready to a worker, whose request comes back to the ledger. So Redis may
// lose, repeat or delay whatever it likes. While it is away, or too slow with one offer, claims are taken from the ledger
// directly.

import type { HomerError } from '../../core/errors.ts';
import type { JobId } from '../../core/ids.ts';
import type {
  Capabilities,
  Claim,
  Consumer,
  Engine,
  EngineOptions,
  LaneDepth,
  SlotConsumer,
  Transport,
} from '../engine.ts';
import { Grants } from '../grants.ts';
import { describeDurability, warningsOf, type RedisFacts } from './facts.ts';
import { Link } from './link.ts';
import { Offers, type Offer } from './offers.ts';
import { orAborted } from './reason.ts';
import type { Session, SessionOptions } from './session.ts';

/** An offer that no worker took within this is claimed without Redis, and the session with it is begun anew. */
const overdueMs = 3_000;
const lastAnswersMs = 500;
const mostAsked = 10_000;

export interface BullmqOptions extends EngineOptions {
  /** Begins of every key in Redis. */
  readonly prefix: string;
  /** Asked at every attempt to connect: the secret may have changed. HOMER_SECRET_MISSING. */
  readonly url: () => Promise<string>;
  /** Told when Redis is away, and why; null when it is back. */
  readonly onTrouble?: ((error: HomerError | null) => void) | undefined;
}

export class BullmqEngine implements Engine {
  readonly kind = 'bullmq';
  static readonly capabilities: Capabilities = {
    crossHost: true,
    timedClaims: false,
    ageing: true,
    strictRate: true,
  };
  readonly capabilities = BullmqEngine.capabilities;
  readonly #options: BullmqOptions;
  readonly #grants: Grants;
  readonly #link: Link;
  readonly #offers: Offers;
  /** Jobs that a worker has asked for and that were not claimed since: claimed in the first commit in which they may be. */
  readonly #asked = new Set<JobId>();
  /** Jobs that could have been claimed had a worker asked for them: whoever does so makes a commit. */
  readonly #due = new Set<JobId>();
  /** Claimed in the commit that is being made. */
  #taken: JobId[] = [];
  #facts: RedisFacts | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isReceiving = false;
  /** Looks at the ledger that a change of the session has made necessary. */
  #looks = 0;
  readonly #whenStirred: (() => void)[] = [];

  constructor(options: BullmqOptions) {
    this.#options = options;
    const { ledger } = options;
    this.#offers = new Offers(ledger.epoch);
    this.#grants = new Grants(
      options,
      (jobId, lane) => this.#takes(jobId, lane),
      (jobIds, lane) => this.#foresee(jobIds, lane),
    );
    this.#link = new Link({
      open: (signal) => this.#open(signal),
      onChange: (now) => this.#follow(now),
    });
    ledger.writer.join({
      afterCommit: () => this.#afterCommit(),
      afterRollback: () => {
        this.#taken = [];
        this.#offers.forgetStaged();
      },
    });
  }

  async offer(_jobIds: readonly JobId[]): Promise<void> {
    // Nothing to do: the commit that queued the jobs has offered those that may be claimed.
  }

  async receive(consumer: Consumer, onSlot?: SlotConsumer, only?: string): Promise<void> {
    if (!this.#isReceiving) this.#link.start();
    this.#isReceiving = true;
    await this.#grants.receive(consumer, onSlot, only);
  }

  async extend(_claim: Claim): Promise<'kept'> {
    return 'kept';
  }

  handBack(claim: Claim, delayMs: number): Promise<void> {
    return this.#grants.handBack(claim, delayMs);
  }

  async withdraw(jobId: JobId): Promise<void> {
    this.#asked.delete(jobId);
    this.#due.delete(jobId);
    const offer = this.#offers.find(jobId);
    if (offer === undefined) return;
    this.#offers.delete(jobId);
    this.#stir();
    if (!this.#isOpen(offer)) await this.#link.session?.remove(offer);
  }

  refresh(): Promise<void> {
    return this.#grants.refresh();
  }

  depth(): Promise<readonly LaneDepth[]> {
    return this.#grants.depth();
  }

  transport(): Transport {
    return {
      kind: 'redis',
      state: this.#link.state,
      durability: this.#facts === null ? null : describeDurability(this.#facts),
      warnings: this.#facts === null ? [] : warningsOf(this.#facts),
    };
  }

  nativeQueues(): readonly object[] {
    return this.#link.session?.queues() ?? [];
  }

  async close(): Promise<void> {
    this.#isReceiving = false;
    this.#grants.close();
    this.#offers.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    // Requests under way are refused; the workers are given a moment to say so in Redis, which spares the next start a look at them.
    const late = setTimeout(() => this.#link.session?.end(new Error('It did not answer.')), lastAnswersMs);
    while ((this.#link.session?.requestsUnderWay ?? 0) > 0) await this.#stirred();
    clearTimeout(late);
    await this.#link.stop();
    this.#stir();
  }

  /** Resolves when everything that may be claimed now is: for whoever wants to see a state that holds still. */
  async quiet(): Promise<void> {
    while (
      this.#isReceiving &&
      (this.#link.state === 'connecting' ||
        this.#looks > 0 ||
        this.#offers.size > 0 ||
        (this.#link.session?.requestsUnderWay ?? 0) > 0)
    )
      await this.#stirred();
  }

  /** Inside the commit, of a job that may be claimed now. */
  #takes(jobId: JobId, lane: string): boolean {
    if (this.#link.session !== null && !this.#asked.has(jobId)) {
      this.#due.add(jobId);
      this.#offers.stage(jobId, lane, performance.now());
      return false;
    }
    if (this.#link.state === 'connecting') return false;
    this.#taken.push(jobId);
    return true;
  }

  /** Inside the commit: asked for in advance, they cost no commit of their own when a slot is free. */
  #foresee(jobIds: readonly JobId[], lane: string): void {
    if (this.#link.session === null) return;
    const fresh = jobIds.filter((id) => !this.#asked.has(id) && this.#offers.find(id) === undefined);
    // Many at a time: an offer costs the same however many are in it.
    if (fresh.length * 2 < jobIds.length) return;
    const now = performance.now();
    for (const jobId of fresh) this.#offers.stage(jobId, lane, now);
  }

  #afterCommit(): void {
    for (const jobId of this.#taken) {
      this.#asked.delete(jobId);
      this.#offers.delete(jobId);
      this.#due.delete(jobId);
    }
    this.#taken = [];
    const made = this.#offers.takeStaged();
    if (made.length > 0) this.#keep(this.#link.session?.push(made));
    this.#armTimer();
    this.#stir();
  }

  /**
   * A worker's request. Of what was not offered to it nothing is believed. Only a commit of the ledger grants, and says no
   * to everything that is not so any more; what may not be claimed yet is granted in the commit in which it may.
   */
  async #request(jobIds: readonly JobId[]): Promise<void> {
    const offered = jobIds.filter((jobId) => this.#offers.find(jobId) !== undefined);
    // Some of them were never claimed: parked, say. They are offered anew when it comes to that.
    if (this.#asked.size > mostAsked) this.#asked.clear();
    for (const jobId of offered) {
      this.#offers.delete(jobId);
      this.#asked.add(jobId);
    }
    if (!offered.map((jobId) => this.#due.delete(jobId)).includes(true)) return;
    try {
      await this.#options.ledger.commit(() => undefined);
    } catch {
      // The disk takes no writes, which others tell of; the jobs are offered again by the first commit that succeeds.
      for (const jobId of offered) this.#asked.delete(jobId);
    }
  }

  #isOpen(offer: Offer): boolean {
    return offer.jobIds.some((id) => this.#offers.find(id) === offer);
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const { ledger, prefix, url } = this.#options;
    const options: SessionOptions = {
      url: await orAborted(url(), signal),
      // Ledgers that share a Redis, or were copied from one another, do not meet.
      prefix: `${prefix}:${ledger.generation}`,
      onRequest: (jobIds) => this.#request(jobIds),
      isOpen: (offer) => this.#isOpen(offer),
      onAnswered: () => this.#stir(),
    };
    // Loaded only where it is used: it takes longer than all else that Homer loads.
    const { openSession } = await import('./session.ts');
    return openSession(options, signal);
  }

  #follow(now: Session | HomerError): void {
    this.#offers.clear();
    this.#asked.clear();
    this.#due.clear();
    if (now instanceof Error) this.#options.onTrouble?.(now);
    else {
      this.#facts = now.facts;
      this.#options.onTrouble?.(null);
    }
    this.#looks += 1;
    const looked = this.refresh().finally(() => {
      this.#looks -= 1;
      this.#stir();
    });
    this.#keep(looked);
  }

  #armTimer(): void {
    const { oldest } = this.#offers;
    if (oldest === undefined || this.#timer !== null) return;
    const waitMs = Math.max(0, oldest.madeAt + overdueMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#endOverdue();
      this.#armTimer();
    }, waitMs);
  }

  #endOverdue(): void {
    const { oldest } = this.#offers;
    if (oldest === undefined || performance.now() - oldest.madeAt < overdueMs) return;
    this.#link.session?.end(
      new Error(`No worker was handed job ${oldest.jobIds[0]} within ${overdueMs / 1000} s.`),
    );
  }

  #stirred(): Promise<void> {
    return new Promise((resolve) => this.#whenStirred.push(resolve));
  }

  #stir(): void {
    for (const resolve of this.#whenStirred.splice(0)) resolve();
  }

  #keep(promise: Promise<void> | undefined): void {
    promise?.catch((error: unknown) => this.#options.onError(error));
  }
}
