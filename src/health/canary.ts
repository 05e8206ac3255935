// Sends a canary now and then, and says whether it came through. One timer stands for the next one, or for the moment from
// which the one under way is late; nothing polls.

import { canaryPatienceMs, decideCanary, type CanaryJob, type CanaryState } from '../core/canary.ts';
import { HomerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';
import { steadyNow } from '../lifecycle/steady-clock.ts';
import type { Troubles } from './condition.ts';

export interface CanaryOptions {
  readonly ledger: Ledger;
  /** Milliseconds; null: none is sent. */
  readonly everyMs: () => number | null;
  /** Prepares one, as intake does; what it returns makes it, inside a transaction. `isOnce`: it is not tried again after a crash. */
  readonly prepare: (isOnce: boolean) => () => void;
  /** Removes what runs of earlier ones left on disk. */
  readonly removeRuns: (runIds: readonly RunId[], signal: AbortSignal) => Promise<unknown>;
  readonly troubles: Troubles;
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

export interface CanaryLook {
  readonly state: CanaryState;
  readonly last: CanaryJob | null;
  readonly everyMs: number | null;
  /** Null: off. */
  readonly dueAt: number | null;
}

/** Timers do not run while the host sleeps: a longer wait is cut, so that waking up is noticed within this. */
const longestWaitMs = 10 * 60_000;
/** After one that could not be sent. */
const retryMs = 30_000;
/** After one that did not come through: whoever mends it wants to know soon. */
const soonMs = 60_000;

export class Canary implements Service {
  readonly #options: CanaryOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #dueAt: number | null = null;
  /** The due time at which one was tried to be sent. */
  #triedAt: number | null = null;
  /** Which one is seen under way, and since when, by the steady clock. */
  #watched: { readonly id: string; readonly since: number } | null = null;
  #isStarted = false;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: CanaryOptions) {
    this.#options = options;
    options.ledger.canaries.onEnded = () => this.#settle();
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.refresh();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#stopping.abort();
    this.#disarm();
    await this.#sending;
  }

  /** Sends one at once, also where none is sent by itself; resolves with it when it has ended, rejects at the signal. */
  async prove(signal: AbortSignal): Promise<CanaryJob> {
    const { canaries } = this.#options.ledger;
    await this.#admit(true);
    for (;;) {
      const last = canaries.last();
      if (last !== null && last.endedAt !== null) return last;
      await new Promise<void>((resolve, reject) => {
        canaries.onEnded = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        signal.throwIfAborted();
      }).finally(() => (canaries.onEnded = () => this.#settle()));
    }
  }

  /** The configuration was read again: the next one comes a period from now. */
  refresh(): void {
    if (!this.#isStarted) return;
    this.#dueAt = this.#nextDue();
    this.#settle();
  }

  look(): CanaryLook {
    const { ledger, everyMs } = this.#options;
    const last = ledger.canaries.last();
    const now = ledger.now();
    // A machine that slept, or whose clock was set ahead, has not tried yet.
    const isTried = this.#dueAt === null || this.#dueAt === this.#triedAt;
    const state = decideCanary(last, {
      now,
      dueAt: isTried ? this.#dueAt : now,
      isHeld: ledger.isHeld(),
      watchedMs: this.#watch(last),
    });
    return { state, last, everyMs: everyMs(), dueAt: this.#dueAt };
  }

  /** For how long it is seen under way, ms. */
  #watch(last: CanaryJob | null): number {
    if (last === null || last.endedAt !== null) this.#watched = null;
    else if (this.#watched?.id !== last.id) this.#watched = { id: last.id, since: steadyNow() };
    return this.#watched === null ? 0 : steadyNow() - this.#watched.since;
  }

  /** Tells how the last one is, and waits for what comes next. */
  #settle(): void {
    if (!this.#isStarted) return;
    const { state, last } = this.look();
    this.#tell(state);
    this.#disarm();
    if (this.#dueAt === null) return;
    const now = this.#options.ledger.now();
    // Further ahead than a period only when the clock was set back.
    this.#dueAt = Math.min(this.#dueAt, this.#nextDue() ?? now);
    const hasFailed = last !== null && last.endedAt !== null && !last.isThrough;
    if (hasFailed) this.#dueAt = Math.min(this.#dueAt, now + soonMs);
    const lateAt =
      state.is === 'under way' ? Math.min(last?.sentAt ?? now, now) + canaryPatienceMs : Infinity;
    const at = Math.min(this.#dueAt, lateAt);
    const waitMs = at > now ? Math.min(longestWaitMs, at - now) : retryMs;
    this.#timer = setTimeout(() => void this.#turn(), waitMs);
    this.#timer.unref();
  }

  #tell({ is, why }: CanaryState): void {
    const { troubles, log } = this.#options;
    if (is === 'late') {
      if (!troubles.has('canary')) log.error({}, why);
      troubles.note('canary', new HomerError('HOMER_CANARY_LATE', why));
    } else if (is !== 'under way' && troubles.has('canary')) {
      // One that is under way proves nothing yet.
      troubles.clear('canary');
      log.info({}, 'the canary came through again');
    }
  }

  /** Never rejects. */
  async #turn(): Promise<void> {
    const { ledger, onError } = this.#options;
    if (this.#dueAt !== null && this.#dueAt <= ledger.now()) {
      this.#triedAt = this.#dueAt;
      this.#sending = this.#send().catch(onError);
      await this.#sending;
    }
    this.#settle();
  }

  async #send(): Promise<void> {
    const { ledger } = this.#options;
    const last = ledger.canaries.last();
    // Another beside one that is stuck would tell nothing new.
    if (last !== null && last.endedAt === null && !ledger.isHeld()) return;
    if (!ledger.isHeld()) await this.#admit(false);
    this.#dueAt = this.#nextDue();
  }

  async #admit(isOnce: boolean): Promise<void> {
    const { ledger, prepare, removeRuns } = this.#options;
    const admit = prepare(isOnce);
    const sendOne = (): RunId[] => {
      admit();
      return ledger.canaries.removeOld();
    };
    const gone = await ledger.commit(sendOne, { isUpkeep: true });
    await removeRuns(gone, this.#stopping.signal);
  }

  #nextDue(): number | null {
    const everyMs = this.#options.everyMs();
    return everyMs === null ? null : this.#options.ledger.now() + everyMs;
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
