// Begins the daemon's work, later when the starts before this one crashed again and again. The control plane is up meanwhile.

import { setTimeout as delay } from 'node:timers/promises';
import { HomerError } from '../core/errors.ts';
import type { Log } from '../lifecycle/log.ts';
import { decideStartDelay, type EarlierBoot } from '../lifecycle/start-delay.ts';
import type { Troubles } from './condition.ts';

export interface StartWorkOptions {
  /** Newest first. */
  readonly earlierBoots: readonly EarlierBoot[];
  readonly start: () => Promise<void>;
  readonly troubles: Troubles;
  readonly log: Log;
  /** Told of a late start that failed. */
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Resolves when work has begun, or when it is settled that it begins later. */
export async function startWork({
  earlierBoots,
  start,
  troubles,
  log,
  onError,
  signal,
}: StartWorkOptions): Promise<void> {
  const delayMs = decideStartDelay(earlierBoots);
  if (delayMs === 0) return start();
  const why = `Homer crashed several times; work starts in ${delayMs / 1000} s.`;
  troubles.note('work', new HomerError('HOMER_SAFE_MODE', why));
  log.warn({ delayMs }, why);
  delay(delayMs, undefined, { signal })
    .then(start)
    .then(() => troubles.clear('work'))
    .catch((error: unknown) => {
      if (!signal.aborted) onError(error);
    });
}
