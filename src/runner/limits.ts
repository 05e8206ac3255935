// What a run may take before it is ended. All is counted in the runner's own ticks, so a suspended host, a stopped
// runner or a changed clock ends nothing: time in which nobody could watch does not count.

import type { Limits, StopReason } from './files.ts';

/** One look per second. */
export const tickMs = 1000;

export interface Watched {
  /** Time the agent has had. */
  readonly wallMs: number;
  /** Time since it last wrote anything. */
  readonly silentMs: number;
  readonly outputBytes: number;
  /** Of its processes at the last look; 0 when nobody looked. */
  readonly memoryBytes: number;
  readonly openTools: number;
  readonly openPermissions: number;
  /** We do not read its output, so its silence says nothing. */
  readonly paused: boolean;
}

/** The limit that is reached, or null. Silence while a tool works or a person is asked is not a stall. */
export function decideLimit(watched: Watched, limits: Limits): StopReason | null {
  if (limits.outputBytes > 0 && watched.outputBytes > limits.outputBytes) return 'output_limit';
  if (limits.memoryBytes > 0 && watched.memoryBytes > limits.memoryBytes) return 'memory_limit';
  if (limits.wallMs > 0 && watched.wallMs >= limits.wallMs) return 'timed_out';
  const excused = watched.openTools > 0 || watched.openPermissions > 0 || watched.paused;
  return limits.stallMs > 0 && !excused && watched.silentMs >= limits.stallMs ? 'stalled' : null;
}

/** What the time since the last tick counts for: a tick that is late by more than half was slept through. */
export function tickWorth(elapsedMs: number, everyMs: number): number {
  return Math.max(0, Math.min(elapsedMs, everyMs * 1.5));
}
