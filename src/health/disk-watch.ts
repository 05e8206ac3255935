// Follows whether the ledger's disk takes writes. While it refuses, a small write now and then finds out when it does no longer.

import { setTimeout as delay } from 'node:timers/promises';
import type { WriterState } from '../ledger/writer.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Troubles } from './condition.ts';

const probeMs = 5_000;

export interface DiskWatchOptions {
  readonly log: Log;
  readonly troubles: Troubles;
  /** A small write; rejects while the disk refuses. */
  readonly probe: () => Promise<void>;
  /** The ledger is broken for good. */
  readonly onBroken: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** What the ledger is to call when its writes begin to fail or work again. */
export function createDiskWatch({
  log,
  troubles,
  probe,
  onBroken,
  signal,
}: DiskWatchOptions): (state: WriterState) => void {
  let isProbing = false;

  async function probeUntilWell(): Promise<void> {
    isProbing = true;
    while (troubles.has('disk') && !signal.aborted) {
      await delay(probeMs, undefined, { signal })
        .then(probe, () => undefined)
        .catch(() => {
          // Still refused: it is noted already, and tried again.
        });
    }
    isProbing = false;
  }

  return (state) => {
    if (state.is === 'writing') {
      troubles.clear('disk');
      log.info({}, 'the ledger can be written again');
      return;
    }
    const { reason } = state;
    troubles.note('disk', reason);
    log.error({ error: reason }, 'the ledger cannot be written');
    if (reason.code === 'HOMER_LEDGER_BROKEN') onBroken(reason);
    else if (!isProbing) void probeUntilWell();
  };
}
