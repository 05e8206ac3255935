// What was refused at the doors of webhooks since the start: in memory, one entry for each webhook there is, so nobody outside can fill it.

import type { HomerError } from '../core/errors.ts';

export interface HookRefusals {
  readonly count: number;
  /** Of the last one; the message is what its sender was told. */
  readonly code: string;
  readonly message: string;
  /** ms since the epoch. */
  readonly at: number;
}

export class RefusalTally {
  readonly #byHook = new Map<string, HookRefusals>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `name` is that of a webhook there is. */
  add(name: string, { code, message }: Pick<HomerError, 'code' | 'message'>): void {
    const count = (this.#byHook.get(name)?.count ?? 0) + 1;
    this.#byHook.set(name, { count, code, message, at: this.#now() });
  }

  of(name: string): HookRefusals | null {
    return this.#byHook.get(name) ?? null;
  }
}
