// Counts what a run has taken, for the limits: time by the runner's own ticks, output, usage, and what excuses silence.

import type { AgentEvent, Usage } from '../core/agent.ts';
import { withNews } from '../core/allowance.ts';
import { decideLimit, tickWorth } from './limits.ts';
import type { Limits } from './files.ts';
import type { Stop } from './stop-switch.ts';

export interface RunWatch {
  /** The agent wrote this many bytes. */
  saw(bytes: number): void;
  /** What its processes hold now, bytes. */
  holds(memoryBytes: number): void;
  event(event: AgentEvent): void;
  /** `elapsedMs` since the last tick; `paused` while its output is not read. */
  tick(elapsedMs: number, paused: boolean): void;
  limit(): Stop | null;
  /** Of the whole run so far. */
  usage(): Usage;
}

const nothingKnown: Usage = { inputTokens: null, outputTokens: null, costUsd: null };

/**
 * Homer's own tool that waits for a person, under whatever name the agent has for it (`mcp__homer__ask_person`, `homer.ask_person`).
 * Somebody else's of this name gains no more than the patience there is with questions.
 */
const asksPerson = (tool: string): boolean => /(?:^|[^a-z])ask_person(?![a-z_])/.test(tool);
const toolQuestion = (toolId: string): string => `tool ${toolId}`;

/**
 * `tickMs`: how often `tick` is called. `patienceMs`: for how long questions of the run may hold its time up before a person
 * answers one, as long as a question may be open; 0: for ever.
 */
export function createRunWatch(limits: Limits, tickMs: number, patienceMs: number): RunWatch {
  const openTools = new Map<string, string>();
  const openPermissions = new Set<string>();
  let usage = nothingKnown;
  let wallMs = 0;
  let heldUpMs = 0;
  let isActive = false;
  let silentMs = 0;
  let toolMs = 0;
  let outputBytes = 0;
  let memoryBytes = 0;
  let paused = false;
  return {
    saw(bytes) {
      isActive = true;
      outputBytes += bytes;
      silentMs = 0;
    },
    holds: (bytes) => void (memoryBytes = bytes),
    event(event) {
      // An event is a sign of work, also of a subagent's within a tool; mere bytes may be a sign of nothing.
      toolMs = 0;
      if (event.type === 'usage') usage = withNews(usage, event);
      if (event.type === 'tool_start') {
        openTools.set(event.toolId, event.name);
        if (asksPerson(event.name)) openPermissions.add(toolQuestion(event.toolId));
      }
      if (event.type === 'permission' && event.waits === true) openPermissions.add(event.requestId);
      if (event.type === 'permission_answered') {
        openPermissions.delete(event.requestId);
        if (event.by === 'person') heldUpMs = 0;
      } else if (event.type !== 'permission') isActive = true;
      if (event.type === 'tool_end') {
        openTools.delete(event.toolId);
        openPermissions.delete(toolQuestion(event.toolId));
      }
    },
    tick(elapsedMs, isPaused) {
      const worth = tickWorth(elapsedMs, tickMs);
      // Requests are made within tools: as many open tools as requests are tools that wait for a person, and do not work.
      const isAtWork = openPermissions.size === 0 || openTools.size > openPermissions.size;
      // But nothing makes an agent stand still that says so: what it writes is work, and its patience has an end.
      const isHeldUp = !isAtWork && !isActive && (patienceMs === 0 || heldUpMs < patienceMs);
      if (isHeldUp) heldUpMs += worth;
      else wallMs += worth;
      isActive = false;
      paused = isPaused;
      const excused = openPermissions.size > 0 || paused;
      // Silence is counted from the end of what excused it.
      silentMs = openTools.size > 0 || excused ? 0 : silentMs + worth;
      if (openTools.size === 0) toolMs = 0;
      else if (!excused) toolMs += worth;
    },
    limit() {
      const watched = { wallMs, silentMs, outputBytes, memoryBytes, paused, toolMs, usage };
      const open = { openTools: [...openTools.values()], openPermissions: openPermissions.size };
      return decideLimit({ ...watched, ...open }, limits);
    },
    usage: () => usage,
  };
}
