// Work that takes its time, in small pieces: between two of them everything else has its turn.

import { setImmediate as turn } from 'node:timers/promises';

/** Gives one turn of the event loop after the other, each to one that asks, in their order. */
export function createTurns(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => (last = last.then(() => turn()));
}
