// One pass over the ledger: step by step, and each step in pieces so small that nobody's commit waits for one.

import { setTimeout as delay } from 'node:timers/promises';
import type { Cutoffs } from '../core/retention.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Place, Progress } from '../ledger/pruning.ts';

/** A piece is made larger or smaller to take about as long, ms. A commit may wait for 20. */
const wantedMs = 4;
const fewest = 10;
const most = 1_000;
/** Between two pieces: a tenth of the writer's time at most. */
const pauseMs = 40;

/** How many rows were removed, by step; `isTrial`: would be. Rejects with the signal's reason, or as the ledger does. */
export async function pruneLedger(
  ledger: Ledger,
  cutoffs: Cutoffs,
  { signal, isTrial = false }: { readonly signal: AbortSignal; readonly isTrial?: boolean },
): Promise<Readonly<Record<string, number>>> {
  const removed: Record<string, number> = {};
  for (const step of ledger.pruning.steps(cutoffs)) {
    let limit = fewest;
    let place: Place = step.from;
    let total = 0;
    while (place !== null) {
      signal.throwIfAborted();
      const from: number | string = place;
      let tookMs = 0;
      const run = (): Progress => {
        const begin = performance.now();
        const made = step.run(from, limit, isTrial);
        tookMs = performance.now() - begin;
        return made;
      };
      // Looking needs no transaction, and so no room on a disk that is full.
      const progress = isTrial ? run() : await ledger.commit(run);
      total += progress.removed;
      place = progress.next;
      limit = Math.max(fewest, Math.min(most, tookMs > wantedMs ? Math.floor(limit / 2) : limit * 2));
      if (place !== null) await delay(pauseMs, undefined, { signal });
    }
    if (total > 0) removed[step.name] = total;
  }
  return removed;
}
