// Keeps the ledger and the directories of runs bounded: a pass a while after the start and one every few hours, in small pieces.

import { uptime } from 'node:os';
import { HomerError, isHomerError } from '../core/errors.ts';
import { cutoffsOf, type Retention as Times } from '../core/retention.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';
import { pruneLedger } from './prune.ts';
import { endStray, findStrays, listOldRuns, removeRuns, type Stray } from './run-directories.ts';

export interface RetentionOptions {
  readonly ledger: Ledger;
  readonly home: string;
  /** `device:inode` of the state directory. */
  readonly homeIdentity: string;
  readonly config: () => Times;
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

/** What a pass removed, or would. */
export interface Removed {
  /** Rows of the ledger, by what they belonged to. */
  readonly rows: Readonly<Record<string, number>>;
  /** Directories of runs. */
  readonly runs: readonly string[];
}

const firstMs = 120_000;
const everyMs = 3 * 3_600_000;
/** After a longer time without a sign of life the clock is believed once Homer has run for a day by the machine's own count. */
const longAbsenceMs = 30 * 86_400_000;
const provenMs = 86_400_000;
/** Further than this from what the machine has counted, it was set. */
const jumpMs = 86_400_000;

export class RetentionService implements Service {
  readonly #options: RetentionOptions;
  readonly #startedAt: number;
  /** Of the machine, also while it sleeps, ms. */
  readonly #upAtStart = uptime() * 1_000;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  /** One pass after the other; never rejects. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#startedAt = options.ledger.now();
  }

  async start(): Promise<void> {
    this.#arm(firstMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#line;
  }

  /** Removes what is over its time now; `isTrial`: only says what that is. Errors as the ledger and the file system. */
  pass(isTrial: boolean): Promise<Removed> {
    const made = this.#line.then(() => this.#pass(isTrial));
    this.#line = made.catch(() => {
      // Told to whoever asked for it.
    });
    return made;
  }

  strays(): Promise<Stray[]> {
    return findStrays(this.#options.home, this.#options.homeIdentity, this.#options.ledger);
  }

  /** Resolves with the numbers of processes that could not be ended. */
  endStray(stray: Stray): Promise<readonly number[]> {
    return endStray(this.#options.home, this.#options.homeIdentity, stray);
  }

  async #pass(isTrial: boolean): Promise<Removed> {
    const { ledger, home, config } = this.#options;
    if (!isTrial) this.#requireCertainty();
    const { signal } = this.#stopping;
    const cutoffs = cutoffsOf(config(), ledger.now());
    const old = listOldRuns(home, ledger, cutoffs.journals);
    // Before the ledger, which on a full disk needs the room that they give.
    const runs = isTrial ? old : await removeRuns(home, old, signal);
    return { rows: await pruneLedger(ledger, cutoffs, { signal, isTrial }), runs };
  }

  /** Throws HOMER_HELD for a held ledger, HOMER_CLOCK_DOUBTED while the clock may be wrong: what it took away nothing brings back. */
  #requireCertainty(): void {
    const { ledger } = this.#options;
    if (ledger.isHeld()) throw new HomerError('HOMER_HELD', 'A held Homer removes nothing.');
    const upMs = uptime() * 1_000 - this.#upAtStart;
    const [last] = ledger.boots.before(ledger.epoch, 1);
    const lastSign = last?.endedAt ?? last?.seenAt ?? null;
    const wasAway = lastSign !== null && this.#startedAt - lastSign > longAbsenceMs;
    const hasJumped = Math.abs(ledger.now() - this.#startedAt - upMs) > jumpMs;
    if (hasJumped || (wasAway && upMs < provenMs))
      throw new HomerError('HOMER_CLOCK_DOUBTED', 'The clock stands far from where it was.');
  }

  #arm(ms: number): void {
    if (!this.#stopping.signal.aborted) this.#timer = setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    const { ledger, log, onError } = this.#options;
    try {
      // Whoever looks at a restored ledger wants all of it; its clock may be wrong, too.
      if (!ledger.isHeld()) {
        const { rows, runs } = await this.pass(false);
        if (Object.keys(rows).length > 0 || runs.length > 0)
          log.info({ rows, runs: runs.length }, 'removed what is over its time');
      }
    } catch (error) {
      if (isHomerError(error, 'HOMER_CLOCK_DOUBTED')) log.warn({}, `nothing is removed: ${error.message}`);
      else if (!this.#stopping.signal.aborted) onError(error);
    }
    this.#arm(everyMs);
  }
}
