// The daemon's condition: what keeps it from being well, said once for /health, the status and the log.

import { catalogue, type HomerError, type Problem } from '../core/errors.ts';

/** The parts that can be in trouble for a while and get well by themselves or by a person. */
export type Part = 'config' | 'disk' | 'engine' | 'work' | 'telegram' | 'webhooks' | 'backup' | 'canary';

/** `down`: it is there, but what is sent to it does not get done. */
export type DaemonState = 'healthy' | 'degraded' | 'down' | 'held' | 'draining';

export interface Condition {
  readonly daemon: DaemonState;
  readonly problems: readonly Problem[];
}

export class Troubles {
  readonly #byPart = new Map<Part, HomerError>();

  note(part: Part, error: HomerError): void {
    this.#byPart.set(part, error);
  }

  clear(part: Part): void {
    this.#byPart.delete(part);
  }

  has(part: Part): boolean {
    return this.#byPart.has(part);
  }

  /** What is wrong with a part; null: nothing. */
  of(part: Part): HomerError | null {
    return this.#byPart.get(part) ?? null;
  }

  condition(now: { readonly isHeld: boolean; readonly isStopping: boolean }): Condition {
    const problems: Problem[] = [...this.#byPart.values()].map(({ code, message, hint }) => ({
      code,
      message,
      hint,
    }));
    if (now.isHeld) {
      const { title, hint } = catalogue.HOMER_HELD;
      problems.unshift({ code: 'HOMER_HELD', message: title, hint });
    }
    if (now.isStopping) return { daemon: 'draining', problems };
    if (now.isHeld) return { daemon: 'held', problems };
    if (this.#byPart.has('canary')) return { daemon: 'down', problems };
    return { daemon: problems.length === 0 ? 'healthy' : 'degraded', problems };
  }
}
