// Keeps a session with Redis: opens one, waits for its end, opens the next, sooner after a long one.

import { setTimeout as delay } from 'node:timers/promises';
import { HomerError } from '../../core/errors.ts';
import { redisError } from './reason.ts';
import type { Session } from './session.ts';

const shortestPauseMs = 100;
const longestPauseMs = 5_000;
/** A session that lasted this long was a good one. */
const goodMs = 10_000;
/** How long a first session is hoped for. */
const hopeMs = 3_000;

export interface LinkOptions {
  /** Gives up at the signal. */
  readonly open: (signal: AbortSignal) => Promise<Session>;
  /** A session has begun, or the last one ended and there is none: the reason. */
  readonly onChange: (now: Session | HomerError) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #stopped = new AbortController();
  #state: 'connecting' | 'away' | Session = 'connecting';
  /** In the present absence: behind a proxy one attempt fails so and the next one so, for hours. */
  readonly #told = new Set<string>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get session(): Session | null {
    return typeof this.#state === 'string' ? null : this.#state;
  }

  get state(): 'connecting' | 'up' | 'away' {
    return typeof this.#state === 'string' ? this.#state : 'up';
  }

  /** Returns at once; what comes of it is told by `onChange`. */
  start(): void {
    this.#running = this.#run();
  }

  /** Nothing of it is left running afterwards, and `onChange` is not called any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const { session } = this;
    this.#state = 'away';
    session?.end(new Error('Homer stops.'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const hope = setTimeout(() => this.#lose(new HomerError('HOMER_REDIS', 'redis: no answer yet.')), hopeMs);
    let pauseMs = shortestPauseMs;
    while (!signal.aborted) {
      try {
        const session = await this.#options.open(signal);
        clearTimeout(hope);
        const openedAt = performance.now();
        const lost = await this.#hold(session);
        if (performance.now() - openedAt >= goodMs) pauseMs = shortestPauseMs;
        this.#lose(lost);
      } catch (error) {
        clearTimeout(hope);
        this.#lose(redisError('the given url', error));
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
    }
    clearTimeout(hope);
  }

  async #hold(session: Session): Promise<HomerError> {
    if (!this.#stopped.signal.aborted) {
      this.#state = session;
      this.#told.clear();
      this.#options.onChange(session);
      const lost = await session.ended;
      // Told before the session is taken apart, which may take a moment: work goes on at once.
      this.#lose(lost);
    }
    await session.close();
    return session.ended;
  }

  #lose(reason: HomerError): void {
    if (this.#stopped.signal.aborted || (this.#state === 'away' && this.#told.has(reason.message))) return;
    this.#state = 'away';
    this.#told.add(reason.message);
    this.#options.onChange(reason);
  }
}
