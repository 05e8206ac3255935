// A clock that nobody sets and that goes on while the machine sleeps, as a lease needs: what was promised for 90 s is over after
// 90 s, whoever slept meanwhile. (`performance.now` stands still in a suspended machine.)

import { uptime } from 'node:os';

/** Milliseconds since the host was started, sleep included (CLOCK_BOOTTIME); good to about 10 ms. */
export function steadyNow(): number {
  return uptime() * 1_000;
}
