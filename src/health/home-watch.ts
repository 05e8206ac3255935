// A look now and then whether the state directory and the ledger in it are still the ones this daemon owns.

import { HomerError } from '../core/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Lock } from '../lifecycle/lock.ts';
import { touchRecord } from '../lifecycle/record.ts';

const checkMs = 5_000;
/** A sign of life is left this seldom: an idle machine is to stay idle. */
const checksPerSign = 12;

/** Calls `onLost` when they are not; the daemon must not go on then. Leaves a sign of life now and then. */
export function watchHome(lock: Lock, ledger: Ledger, onLost: (error: HomerError) => void): void {
  let checks = 0;
  const replaced = `${lock.directory} is another directory than the one that is locked.`;
  const deleted = 'homer.db or its log was deleted or replaced while Homer ran; what it held is saved.';
  setInterval(() => {
    if (!lock.isCurrent()) onLost(new HomerError('HOMER_HOME_REPLACED', replaced));
    if (checks++ % checksPerSign === 0) void touchRecord(lock.directory);
    if (!ledger.isInPlace()) onLost(new HomerError('HOMER_LEDGER_BROKEN', deleted));
  }, checkMs).unref();
}
