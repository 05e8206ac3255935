// One process of Claude Code as a dialogue over stream-json: a prompt in, lines out, one `result` line at the end.

import type { AgentEvent, EndEvent } from '../core/agent.ts';
import { createClaudeCalls } from './claude-calls.ts';
import { decideClaudeEnd, usageOf, type Limit } from './claude-end.ts';
import type { Conversation, ExecutorSettings, Reaction, Turn } from './executor.ts';
import { describeExit, signalOf, type ProcessExit } from './exit-text.ts';
import { fieldsOf, itemsOf, numberOf, parseFields, textOf, textsOf, type Fields } from './json-fields.ts';
import { createLastLines } from './last-lines.ts';
import { decidePermission } from './permission-policy.ts';
import { mayBeEmpty, withPreamble } from './preamble.ts';
import { summariseInput, summariseOutput } from './tool-summary.ts';

const silent: Reaction = { events: [] };

type Hide = (text: string) => string;

const noConversation = 'No conversation found';
const idInUse = 'already in use';
const askedTwice = 'Two questions were asked under one id, so both are denied. Ask again.';

export function createClaudeConversation(
  settings: ExecutorSettings,
  turn: Turn,
  hide: Hide = (text) => text,
): Conversation {
  const complaints = createLastLines();
  /** Inputs of tool calls the agent asked about and nobody has answered. */
  const asked = new Map<string, unknown>();
  const calls = createClaudeCalls();
  let sessionId: string | null = null;
  let limit: Limit | null = null;
  let result: Fields | null = null;
  let refusal: 'unknown' | 'inUse' | null = null;
  let interrupts = 0;
  let inputClosed = false;

  /** Nothing can be said any more once the input is closed; the agent then denies what it asks by itself. */
  const say = (events: readonly AgentEvent[], value: unknown): Reaction =>
    inputClosed ? { events } : { events, write: message(value) };

  const plain = (line: string): Reaction => {
    complaints.add(hide(line));
    if (line.includes(idInUse)) refusal = 'inUse';
    else if (line.includes(noConversation)) refusal = 'unknown';
    return { events: [{ type: 'text', text: line, stream: 'stderr' }] };
  };

  const onSystem = (line: Fields): Reaction => {
    if (line['subtype'] === 'api_retry') return { events: [retryOf(line)] };
    const id = textOf(line['session_id']);
    if (line['subtype'] !== 'init' || id === null || id === sessionId) return silent;
    sessionId = id;
    return { events: [{ type: 'session', agentSessionId: id, model: textOf(line['model']) ?? undefined }] };
  };

  const onLimit = (line: Fields): Reaction => {
    const info = fieldsOf(line['rate_limit_info']) ?? {};
    // `allowed` and `allowed_warning` are news, not an end. `resetsAt` is in seconds.
    if (info['status'] !== 'rejected') return silent;
    const resetsAt = numberOf(info['resetsAt']);
    const known: Limit = {
      reason: `${(textOf(info['rateLimitType']) ?? 'usage').replaceAll('_', ' ')} limit`,
      until: resetsAt === null ? null : resetsAt * 1000,
    };
    limit = known;
    return { events: [{ type: 'limit', ...known }] };
  };

  const onControlRequest = (line: Fields): Reaction => {
    const requestId = textOf(line['request_id']);
    const request = fieldsOf(line['request']) ?? {};
    if (requestId === null) return silent;
    // Anything else it may ask (hooks, dialogs, MCP) has no one to answer it here, and it would wait for ever.
    if (request['subtype'] !== 'can_use_tool')
      return say([], controlError(requestId, 'Homer does not answer this request.'));
    // Nothing can be said to it any more: it denies by itself what it asks.
    if (inputClosed) return silent;
    const tool = textOf(request['tool_name']) ?? 'a tool';
    const input = request['input'] ?? {};
    const toolId = textOf(request['tool_use_id']) ?? undefined;
    const event: AgentEvent = { type: 'permission', requestId, toolId, tool, input };
    const decision = decidePermission(settings.name, settings.permissions, tool);
    if (decision.do === 'allow')
      return say([], controlSuccess(requestId, { behavior: 'allow', updatedInput: input }));
    if (decision.do === 'deny') {
      const answered: AgentEvent = { type: 'permission_answered', requestId, allow: false, by: 'policy' };
      return say([event, answered], denial(requestId, decision.message));
    }
    // An answer under one id for two questions could allow the one nobody saw: then none is given but no, to both.
    if (asked.delete(requestId)) {
      const { write = '' } = say([], denial(requestId, askedTwice));
      return { events: [withdrawn(requestId)], write: write.repeat(2) };
    }
    asked.set(requestId, input);
    return { events: [event] };
  };

  const onTakenBack = (requestId: string): Reaction => {
    return asked.delete(requestId) ? { events: [withdrawn(requestId)] } : silent;
  };

  const onResult = (line: Fields): Reaction => {
    result = line;
    inputClosed = true;
    if (textsOf(line['errors']).some((error) => error.includes(noConversation))) {
      refusal = 'unknown';
      return { events: [], closeInput: true };
    }
    const usage: AgentEvent = { type: 'usage', ...usageOf(line), ...calls.end(line) };
    const end = decideClaudeEnd(line, limit, hide);
    // A complete answer is written down at once: should the runner be killed now, nothing has to be done again. Any
    // other end may still be that of a stop, which only the runner knows. The end of input is what makes it exit.
    return { events: end.verdict === 'done' ? [usage, end] : [usage], closeInput: true };
  };

  const endFromExit = (exit: ProcessExit): EndEvent => {
    const said = complaints.text();
    const how = `Claude Code ${describeExit(exit)} before its answer was complete`;
    // Nobody in Homer sent that signal: the runner tells of those itself, and memory ran out or somebody killed it.
    const verdict = signalOf(exit) === null ? 'agent_error' : 'lost';
    return { type: 'end', verdict, message: said === '' ? `${how}.` : `${how}:\n${said}` };
  };

  return {
    started: () => ({
      events: [],
      write: message({
        type: 'user',
        message: {
          role: 'user',
          content: [{ type: 'text', text: withPreamble(turn.preamble, turn.prompt) }],
        },
      }),
    }),
    output(text) {
      const line = parseFields(text);
      if (line === null) return text.trim() === '' ? silent : plain(text);
      switch (line['type']) {
        case 'system':
          return onSystem(line);
        case 'assistant':
          return { events: [...calls.add(line), ...assistantEvents(line, hide)] };
        case 'user':
          return { events: toolEnds(line, hide) };
        case 'rate_limit_event':
          return onLimit(line);
        case 'control_request':
          return onControlRequest(line);
        case 'control_cancel_request':
          return onTakenBack(textOf(line['request_id']) ?? '');
        case 'result':
          return onResult(line);
        // Answers to Homer's own requests, keep-alives, and whatever a newer version adds.
        default:
          return silent;
      }
    },
    errorOutput: plain,
    answer({ requestId, allow, message: why }) {
      const input = asked.get(requestId);
      if (!asked.delete(requestId)) return silent;
      const response = allow
        ? controlSuccess(requestId, { behavior: 'allow', updatedInput: input })
        : denial(requestId, why ?? 'A person denied this.');
      return say([], response);
    },
    cancel() {
      interrupts += 1;
      const request_id = `homer-interrupt-${interrupts}`;
      return say([], { type: 'control_request', request_id, request: { subtype: 'interrupt' } });
    },
    exited(exit) {
      if (refusal === 'inUse' && result === null && turn.session.mode === 'new')
        return { respawnAs: 'resume' };
      if (refusal === 'unknown' && turn.session.mode === 'resume') {
        // Killed before it had written anything down: there is nothing to lose by starting over under the same id. A
        // session that went on for turns is another matter, its loss has to be told.
        if (mayBeEmpty(turn)) return { respawnAs: 'new' };
        return { end: lost(turn.session.id) };
      }
      if (refusal === 'unknown' && turn.session.forkOf !== undefined)
        return { end: lost(turn.session.forkOf) };
      return { end: result === null ? endFromExit(exit) : decideClaudeEnd(result, limit, hide) };
    },
  };
}

function withdrawn(requestId: string): AgentEvent {
  return { type: 'permission_answered', requestId, allow: false, by: 'withdrawn' };
}

function lost(id: string | null): EndEvent {
  const message = `Claude Code no longer has the session ${id ?? ''}.`;
  return { type: 'end', verdict: 'session_lost', message };
}

/** Text for people and starts of tool calls; a subagent's own words are left to the agent that asked for them. */
function assistantEvents(line: Fields, hide: Hide): readonly AgentEvent[] {
  // The error it makes up itself as a message comes once more, as the end.
  if (line['is_api_error_message'] === true) return [];
  const ofSubagent = textOf(line['parent_tool_use_id']) !== null;
  return contentOf(line).flatMap((block): AgentEvent[] => {
    const text = textOf(block['text']);
    if (block['type'] === 'text' && text !== null && text !== '' && !ofSubagent)
      return [{ type: 'text', text }];
    const toolId = textOf(block['id']);
    if (block['type'] !== 'tool_use' || toolId === null) return [];
    const name = textOf(block['name']) ?? 'tool';
    return [{ type: 'tool_start', toolId, name, summary: summariseInput(block['input'], hide) }];
  });
}

function toolEnds(line: Fields, hide: Hide): readonly AgentEvent[] {
  return contentOf(line).flatMap((block): AgentEvent[] => {
    const toolId = textOf(block['tool_use_id']);
    if (block['type'] !== 'tool_result' || toolId === null) return [];
    return [
      {
        type: 'tool_end',
        toolId,
        ok: block['is_error'] !== true,
        summary: summariseOutput(block['content'], hide),
      },
    ];
  });
}

function contentOf(line: Fields): readonly Fields[] {
  return itemsOf(fieldsOf(line['message'])?.['content']);
}

function retryOf(line: Fields): AgentEvent {
  const status = numberOf(line['error_status']);
  const error = (textOf(line['error']) ?? 'unknown').replaceAll('_', ' ');
  return {
    type: 'retry',
    attempt: numberOf(line['attempt']),
    delayMs: numberOf(line['retry_delay_ms']),
    reason: status === null ? error : `${error} (${status})`,
  };
}

function controlSuccess(requestId: string, response: unknown): unknown {
  return { type: 'control_response', response: { subtype: 'success', request_id: requestId, response } };
}

function controlError(requestId: string, error: string): unknown {
  return { type: 'control_response', response: { subtype: 'error', request_id: requestId, error } };
}

function denial(requestId: string, why: string): unknown {
  return controlSuccess(requestId, { behavior: 'deny', message: why });
}

function message(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
