// The heartbeat of the event loop, as the watchdog's tick finds it: when it last turned, and how late it was of late. It costs no
// timer of its own.

/** So many ticks are remembered: a minute of the watchdog's. */
const remembered = 30;

export class Pulse {
  readonly #steady: () => number;
  readonly #wall: () => number;
  #beatAt: number | null = null;
  #lastAt: number;
  #lags: number[] = [];

  /** `steady`: ms of a clock that only goes forward; `wall`: ms since the epoch. */
  constructor(steady: () => number, wall: () => number) {
    this.#steady = steady;
    this.#wall = wall;
    this.#lastAt = wall();
  }

  /** A timer has fired that was to fire `dueMs` after the beat before. */
  beat(dueMs: number): void {
    const now = this.#steady();
    if (this.#beatAt !== null) this.#lags.push(Math.max(0, now - this.#beatAt - dueMs));
    if (this.#lags.length > remembered) this.#lags.shift();
    this.#beatAt = now;
    this.#lastAt = this.#wall();
  }

  /** Milliseconds since the epoch; before the first beat the time at which it was made. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** The longest that the loop was kept from turning in the last minute, ms. */
  get worstLagMs(): number {
    return Math.max(0, ...this.#lags);
  }
}
