// What a run may take before it is ended. All is counted in the runner's own ticks, so a suspended host, a stopped
// runner or a changed clock ends nothing: time in which nobody could watch does not count.

import type { EndEvent, Usage } from '../core/agent.ts';
import { amount, passedMeasure, usedOf } from '../core/allowance.ts';
import type { Limits } from './files.ts';
import type { Stop } from './stop-switch.ts';

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
  /** Tools at work, the longest first. */
  readonly openTools: readonly string[];
  /** Time in which a tool was at work and nothing else was said. */
  readonly toolMs: number;
  readonly openPermissions: number;
  /** We do not read its output, so its silence says nothing. */
  readonly paused: boolean;
  /** Of the whole run so far. */
  readonly usage: Usage;
}

/**
 * The limit that is reached, or null. Silence while a person is asked is not a stall, and while a tool works only after the
 * tool's own limit.
 */
export function decideLimit(watched: Watched, limits: Limits): Stop | null {
  if (limits.outputBytes > 0 && watched.outputBytes > limits.outputBytes) return { reason: 'output_limit' };
  if (limits.memoryBytes > 0 && watched.memoryBytes > limits.memoryBytes) return { reason: 'memory_limit' };
  const spent = decideSpent(watched.usage, limits);
  if (spent !== null) return spent;
  if (limits.wallMs > 0 && watched.wallMs >= limits.wallMs) return { reason: 'timed_out' };
  if (watched.openPermissions > 0 || watched.paused) return null;
  const [tool] = watched.openTools;
  if (tool === undefined)
    return limits.stallMs > 0 && watched.silentMs >= limits.stallMs ? { reason: 'stalled' } : null;
  const { toolMs = 0 } = limits;
  if (toolMs === 0 || watched.toolMs < toolMs) return null;
  const message = `The tool ${tool} was at work for longer than it may (${toolMs / 1000} s), and the run was ended.`;
  return { reason: 'stalled', message };
}

/** The turns, tokens or money that are used up, or null. */
function decideSpent(usage: Usage, { allowance, day }: Limits): Stop | null {
  const measure = allowance === undefined ? null : passedMeasure(usage, allowance);
  if (measure !== null) {
    const most = amount(measure, allowance?.[measure] ?? 0);
    const used = amount(measure, usedOf(usage, measure) ?? 0);
    const whose = allowance?.of?.[measure];
    const message = `The run used ${used} where ${most} were left for it${whose === undefined ? '' : ` (${whose})`}, and was ended.`;
    return { reason: measure === 'turns' ? 'max_turns' : 'budget', message };
  }
  if (day === undefined || passedMeasure(usage, day) === null) return null;
  return { reason: 'budget', message: dayMessage(day.of), until: day.until };
}

function dayMessage(of: string): string {
  return `The budget of the day of ${of} is used up.`;
}

/**
 * What an agent that keeps a limit by itself calls its own budget may be the day's: then its job goes on when the next day
 * begins.
 */
export function decideWhoseLimit(end: EndEvent, { allowance, day }: Limits): EndEvent {
  const measure = end.verdict === 'budget' ? 'costUsd' : end.verdict === 'max_turns' ? 'turns' : null;
  if (measure === null || end.until !== undefined) return end;
  const left = day?.[measure] ?? null;
  const isDays = day !== undefined && left !== null && left < (allowance?.[measure] ?? Infinity);
  if (isDays) return { ...end, verdict: 'budget', message: dayMessage(day.of), until: day.until };
  const whose = allowance?.of?.[measure];
  return whose === undefined ? end : { ...end, message: `${end.message ?? ''} (${whose})`.trimStart() };
}

/** What the time since the last tick counts for: a tick that is late by more than half was slept through. */
export function tickWorth(elapsedMs: number, everyMs: number): number {
  return Math.max(0, Math.min(elapsedMs, everyMs * 1.5));
}
