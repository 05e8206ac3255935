// Counts what a run has taken, for the limits: time by the runner's own ticks, output, and what excuses silence.

import type { AgentEvent } from '../core/agent.ts';
import { decideLimit, tickWorth } from './limits.ts';
import type { Limits, StopReason } from './files.ts';

export interface RunWatch {
  /** The agent wrote this many bytes. */
  saw(bytes: number): void;
  /** `answered`: the agent's request was answered in the same breath, no person is asked. */
  event(event: AgentEvent, answered: boolean): void;
  /** A person answered. */
  answered(requestId: string): void;
  /** `elapsedMs` since the last tick; `paused` while its output is not read. */
  tick(elapsedMs: number, paused: boolean): void;
  /** What its processes hold now, bytes. */
  holds(memoryBytes: number): void;
  limit(): StopReason | null;
}

/** `tickMs`: how often `tick` is called. */
export function createRunWatch(limits: Limits, tickMs: number): RunWatch {
  const openTools = new Set<string>();
  const openPermissions = new Set<string>();
  let wallMs = 0;
  let silentMs = 0;
  let outputBytes = 0;
  let memoryBytes = 0;
  let paused = false;
  return {
    saw(bytes) {
      outputBytes += bytes;
      silentMs = 0;
    },
    event(event, answered) {
      if (event.type === 'tool_start') openTools.add(event.toolId);
      if (event.type === 'permission' && !answered) openPermissions.add(event.requestId);
      if (event.type !== 'tool_end') return;
      openTools.delete(event.toolId);
      // Requests are made within tools: the agent took back what is still open when no tool is.
      if (openTools.size === 0) openPermissions.clear();
    },
    answered: (requestId) => void openPermissions.delete(requestId),
    tick(elapsedMs, isPaused) {
      const worth = tickWorth(elapsedMs, tickMs);
      wallMs += worth;
      paused = isPaused;
      // Silence is counted from the end of what excused it.
      silentMs = openTools.size > 0 || openPermissions.size > 0 || paused ? 0 : silentMs + worth;
    },
    holds: (bytes) => void (memoryBytes = bytes),
    limit() {
      const watched = { wallMs, silentMs, outputBytes, memoryBytes, paused };
      return decideLimit(
        { ...watched, openTools: openTools.size, openPermissions: openPermissions.size },
        limits,
      );
    },
  };
}
