// The questions of a run's agent whether it may use a tool. What a person allowed for the session is allowed at once, what
// nobody answers in time is denied, and every question is answered once. The runner alone decides, by its own ticks: a host
// that slept lets nothing expire.

import { type AnsweredBy, grantOf, isGranted, type SessionGrant } from '../core/approval.ts';
import type { AgentEvent, PermissionEvent } from '../core/agent.ts';
import type { PermissionAnswer } from '../executors/executor.ts';
import { boundInput } from './event-size.ts';
import type { AnswerOrder, ApprovalTerms } from './files.ts';
import { tickWorth } from './limits.ts';
import type { Redactor } from './redaction.ts';

/** Every method returns what the journal has to say; the answers that follow from it are in `answers`. */
export interface Questions {
  /** `isAnswered`: the executor has answered it itself. */
  see(event: AgentEvent, isAnswered: boolean): readonly AgentEvent[];
  /** A person's answer; nothing happens unless the question is open. */
  take(answer: AnswerOrder): readonly AgentEvent[];
  /** The agent that asked is gone: nobody answers what it left open. */
  withdraw(): readonly AgentEvent[];
  tick(elapsedMs: number): readonly AgentEvent[];
  /** What the agent is to be told now, each once. */
  answers(): readonly PermissionAnswer[];
}

interface Open {
  readonly grant: SessionGrant;
  readonly toolId: string | undefined;
  leftMs: number;
}

/** More at once is no conversation with a person. */
const mostOpen = 100;
const longestRequestId = 256;
const longestTool = 200;

/** `tickMs`: how often `tick` is called. */
export function createQuestions(terms: ApprovalTerms, redactor: Redactor, tickMs: number): Questions {
  const granted = [...terms.granted];
  const open = new Map<string, Open>();
  const known = new Set<string>();
  let toTell: PermissionAnswer[] = [];

  const close = (requestId: string, allow: boolean, by: AnsweredBy): AgentEvent => {
    open.delete(requestId);
    return { type: 'permission_answered', requestId, allow, by };
  };
  const tell = (requestId: string, allow: boolean, by: AnsweredBy, message?: string): AgentEvent => {
    toTell.push({ requestId, allow, message });
    return close(requestId, allow, by);
  };

  const ask = (event: PermissionEvent, isAnswered: boolean): AgentEvent[] => {
    const { requestId } = event;
    const grant = grantOf(redactor.text(event.tool), redactor.value(event.input));
    const tool = grant.tool.slice(0, longestTool);
    const shown = { ...event, tool, input: boundInput(redactor.value(event.input)), waits: false };
    if (isAnswered) return [shown];
    // Asked twice over: it is open as it is. One that was answered is not asked again under the same name.
    if (open.has(requestId)) return [];
    if (isGranted(granted, grant)) return [shown, tell(requestId, true, 'session')];
    if (known.has(requestId) || requestId.length > longestRequestId || open.size >= mostOpen)
      return [shown, tell(requestId, false, 'policy', 'Homer cannot ask this. Do what you can without it.')];
    known.add(requestId);
    open.set(requestId, { grant, toolId: event.toolId, leftMs: terms.expiryMs });
    return [{ ...shown, waits: true, expiresInMs: terms.expiryMs > 0 ? terms.expiryMs : null }];
  };

  return {
    see(event, isAnswered) {
      if (event.type === 'permission') return ask(event, isAnswered);
      if (event.type === 'permission_answered') {
        if (event.by === 'withdrawn' && !open.has(event.requestId)) return [];
        open.delete(event.requestId);
      }
      if (event.type !== 'tool_end') return [event];
      // The tool is over without an answer: the agent does not wait for one any more.
      const dropped = [...open].filter(([, { toolId }]) => toolId === event.toolId);
      return [...dropped.map(([requestId]) => close(requestId, false, 'withdrawn')), event];
    },
    take({ requestId, allow, scope, message }) {
      const asked = open.get(requestId);
      if (asked === undefined) return [];
      const answered = {
        ...tell(requestId, allow, 'person', message),
        ...(scope === undefined ? {} : { scope }),
      };
      if (!allow || scope !== 'session') return [answered];
      granted.push(asked.grant);
      const alike = [...open].filter(([, { grant }]) => isGranted([asked.grant], grant));
      return [answered, ...alike.map(([id]) => tell(id, true, 'session'))];
    },
    withdraw: () => [...open.keys()].map((requestId) => close(requestId, false, 'withdrawn')),
    tick(elapsedMs) {
      if (open.size === 0 || terms.expiryMs <= 0) return [];
      const worth = tickWorth(elapsedMs, tickMs);
      for (const asked of open.values()) asked.leftMs -= worth;
      const expired = [...open].filter(([, { leftMs }]) => leftMs <= 0);
      return expired.map(([id]) => tell(id, false, 'expired', expiryMessage(terms.expiryMs)));
    },
    answers() {
      const told = toTell;
      toTell = [];
      return told;
    },
  };
}

function expiryMessage(expiryMs: number): string {
  const minutes = Math.round(expiryMs / 60_000);
  const time = minutes < 1 ? `${Math.ceil(expiryMs / 1000)} s` : `${minutes} min`;
  return `Nobody answered within ${time}, so this is denied. Do what you can without it and say what is missing.`;
}
