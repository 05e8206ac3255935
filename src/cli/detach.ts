// Leaving in order: whoever waits may go, and what was asked for goes on.

import { Detached } from './detached.ts';

export interface Detach {
  readonly signal: AbortSignal;
  /** The promise, unless the caller leaves first: then it rejects with Detached and the given sentence. */
  or<Value>(promise: Promise<Value>, told: string | (() => string)): Promise<Value>;
}

/** From now on Ctrl-C (and SIGTERM, SIGHUP) leave in order; a second one ends the process as usual. */
export function createDetach(): Detach {
  const leave = new AbortController();
  const numbers = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => leave.abort(new Detached(numbers[name], '')));
  return {
    signal: leave.signal,
    async or(promise, told) {
      const left = Promise.withResolvers<never>();
      const leaving = (): Detached => {
        const { exitCode } = leave.signal.reason as Detached;
        return new Detached(exitCode, typeof told === 'string' ? told : told());
      };
      const onLeave = (): void => left.reject(leaving());
      if (leave.signal.aborted) onLeave();
      leave.signal.addEventListener('abort', onLeave, { once: true });
      try {
        return await Promise.race([promise, left.promise]);
      } catch (error) {
        // What was under way may have been ended by the same signal, in words of its own, a moment before.
        throw leave.signal.aborted && !(error instanceof Detached && error.message !== '')
          ? leaving()
          : error;
      } finally {
        leave.signal.removeEventListener('abort', onLeave);
      }
    },
  };
}
