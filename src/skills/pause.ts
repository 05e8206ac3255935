// Long work on the event loop of a daemon that must answer meanwhile.

import { setImmediate as nextTurn } from 'node:timers/promises';

/** To be awaited between small steps: lets everybody else have a turn whenever `everyMs` have gone by since the last. */
export type Pause = () => Promise<void> | undefined;

export function createPause(everyMs = 10): Pause {
  let last = performance.now();
  return () => {
    if (performance.now() - last < everyMs) return undefined;
    return nextTurn().then(() => {
      last = performance.now();
    });
  };
}
