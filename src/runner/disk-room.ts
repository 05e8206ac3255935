// A full disk is waited out: it is the one error that goes by itself.

import { setTimeout as delay } from 'node:timers/promises';
import { tickMs } from './limits.ts';
import type { StopSwitch } from './stop-switch.ts';

/** True when an error says that there is no room: the disk or the quota is full. */
export function isDiskFull(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  // inotify says ENOSPC too, of its watches.
  if (syscall === 'watch') return false;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/**
 * Tries once a second while the disk is full and gives what `write` returned. Null when a stop is asked for meanwhile;
 * rejects with any other error.
 */
export async function whenThereIsRoom<Value>(
  stop: StopSwitch | null,
  write: () => Value | Promise<Value>,
): Promise<Value | null> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (stop !== null && stop.reason() !== null) return null;
      await (stop === null ? delay(tickMs) : Promise.race([delay(tickMs), stop.asked]));
    }
  }
}
