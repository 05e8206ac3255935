// Tells a person once what came while they, or Homer, were away: a message in the outbox, in the commit that says that this time
// was told.

import type { DigestConfig } from '../config/digest.ts';
import { parseTarget } from '../core/delivery.ts';
import { decideGap } from '../core/digest.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Service } from '../lifecycle/service.ts';
import { isEmpty, mostNamed, wordDigest } from './digest-words.ts';

export interface DigestOptions {
  readonly ledger: Ledger;
  /** null: nobody is to be told. */
  readonly config: () => DigestConfig | null;
  /** Whether messages to this channel can be sent at all. */
  readonly hasChannel: (channel: string) => boolean;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** After a start, runs that had ended meanwhile are settled and due times are decided on first, ms. */
const settleMs = 5_000;
/** A person who says a lot is written down this seldom, ms. */
const betweenSignsMs = 60_000;
const bootsLookedAt = 50;

export class Digester implements Service {
  readonly #options: DigestOptions;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #noted = Number.NEGATIVE_INFINITY;

  constructor(options: DigestOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#timer ??= setTimeout(() => void this.#look(false), settleMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#writing;
  }

  /** Somebody said or did something; `source` as of a job. Returns at once. */
  personIsHere(source: string, isOwner: boolean): void {
    const { config, ledger } = this.#options;
    const digest = config();
    if (digest === null || !(isOwner || source === chatOf(digest.to))) return;
    const now = ledger.now();
    if (Math.abs(now - this.#noted) < betweenSignsMs) return;
    this.#noted = now;
    void this.#look(true);
  }

  /** Never rejects. */
  #look(personIsHere: boolean): Promise<void> {
    const { ledger, onError } = this.#options;
    const digest = this.#options.config();
    // A copy tells nobody of the life of the original.
    if (digest === null || ledger.isHeld()) return Promise.resolve();
    this.#writing = this.#writing
      .then(() => ledger.commit(() => this.#tell(digest, personIsHere)))
      .catch((error: unknown) => {
        this.#noted = Number.NEGATIVE_INFINITY;
        onError(error, { part: 'digest' });
      });
    return this.#writing;
  }

  /** Inside the transaction. */
  #tell({ to, afterMs, downtimeMs }: DigestConfig, personIsHere: boolean): void {
    const { ledger, hasChannel } = this.#options;
    const { digests, boots } = ledger;
    const now = ledger.now();
    const starts = boots.before(ledger.epoch + 1, bootsLookedAt);
    // What was before the first digest is nobody's news, but for the time before the present start.
    if (digests.toldUntil() === null) digests.begin((starts[0]?.startedAt ?? now) - 1);
    const gap = decideGap({
      ...{ now, afterMs, downtimeMs, personIsHere },
      toldUntil: digests.toldUntil() ?? now,
      boots: starts,
      personSeenAt: digests.personSeenAt(),
    });
    if (personIsHere) digests.seePerson(now);
    if (gap === null || !hasChannel(parseTarget(to)?.channel ?? '')) return;
    const { cause, since } = gap;
    const away = digests.read(since, now, mostNamed);
    if (isEmpty(away)) return;
    const { id } = ledger.deliveries.add(
      {
        target: to,
        key: `digest:${since}-${now}`,
        jobId: null,
        // As a result it is put in place by edits, and so is there once whatever is cut or killed.
        kind: 'result',
        text: wordDigest(away),
        // Whoever has just written looks at the chat anyway.
        data: { state: 'told', rings: cause === 'downtime' },
      },
      now,
    );
    digests.told(cause, since, now, id);
  }
}

/** The source of what is said in the chat of a target. */
const chatOf = (target: string): string => parseTarget(target)?.line ?? target;
