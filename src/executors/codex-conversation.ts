// One process of `codex exec --json` as a dialogue: the prompt in, lines out, one `turn.completed` or `turn.failed` at
// the end.

import type { AgentEvent, EndEvent, Usage } from '../core/agent.ts';
import { boundedAnswer } from './bounded-text.ts';
import { decideCodexFailure } from './codex-end.ts';
import { toolEvent } from './codex-items.ts';
import type { Conversation, ExecutorSettings, Reaction, Turn } from './executor.ts';
import { describeExit, signalOf, type ProcessExit } from './exit-text.ts';
import { fieldsOf, numberOf, parseFields, textOf, type Fields } from './json-fields.ts';
import { createLastLines } from './last-lines.ts';
import { mayBeEmpty, withPreamble } from './preamble.ts';

const silent: Reaction = { events: [] };

/** Tries in a row that fail for the same reason before the turn is given up; the queue does the long waiting. */
const triesBeforeGivingUp = 3;

export function createCodexConversation(
  settings: ExecutorSettings,
  turn: Turn,
  hide: (text: string) => string = (text) => text,
): Conversation {
  const complaints = createLastLines();
  const denied = new Set<string>();
  let sessionId: string | null = null;
  let answer = '';
  let lastError: string | null = null;
  let end: EndEvent | null = null;
  let refusal: 'unknown' | 'busy' | null = null;
  let tries = { verdict: '', count: 0 };

  /** Only of a turn that did not come to its end: what Codex tells later is of no interest. */
  const fail = (message: string): EndEvent => {
    end ??= decideCodexFailure(hide(message), Date.now());
    return end;
  };

  const onRetry = (attempt: number | null, reason: string): Reaction => {
    const { verdict } = decideCodexFailure(reason, 0);
    tries = { verdict, count: tries.verdict === verdict ? tries.count + 1 : 1 };
    const retry: AgentEvent = {
      type: 'retry',
      attempt: attempt ?? tries.count,
      delayMs: null,
      reason: hide(reason),
    };
    // What may pass soon is left to Codex, which ends after five tries; only after those does it fall back from
    // WebSockets to HTTPS. It waits for a network without end, though, and a key does not become right.
    if (verdict === 'agent_error' || isWebSocket(reason)) return { events: [retry] };
    if (tries.count < (verdict === 'auth' ? 2 : triesBeforeGivingUp)) return { events: [retry] };
    return { events: [retry, fail(reason)], giveUp: true };
  };

  const onError = (line: Fields): Reaction => {
    const message = textOf(line['message']) ?? '';
    const retry = /^Reconnecting\.\.\. (?:(\d+)\/\d+|waiting for network)(?: \((.*)\))?$/s.exec(message);
    if (retry !== null) return onRetry(retry[1] === undefined ? null : Number(retry[1]), retry[2] ?? message);
    lastError = message;
    return silent;
  };

  const onItem = (type: string, item: Fields): Reaction => {
    tries = { verdict: '', count: 0 };
    const text = textOf(item['text']);
    if (item['type'] === 'agent_message') {
      if (type !== 'item.completed' || text === null || text === '') return silent;
      answer = text;
      return { events: [{ type: 'text', text }] };
    }
    // A warning, not an end: the turn goes on.
    if (item['type'] === 'error') return type === 'item.completed' ? remark(textOf(item['message'])) : silent;
    if (item['status'] === 'declined')
      denied.add(textOf(item['command']) ?? textOf(item['type']) ?? 'a tool');
    const event = toolEvent(type, item, hide);
    return event === null ? silent : { events: [event] };
  };

  const onCompleted = (line: Fields): Reaction => {
    const usage: AgentEvent = {
      type: 'usage',
      ...(turn.session.mode === 'resume' ? unknownUsage : usageOf(line)),
    };
    const text = boundedAnswer(hide(answer));
    if (denied.size > 0) {
      const message = hide(`Denied: ${[...denied].join(', ')}.`);
      end ??= { type: 'end', verdict: 'denied', text, message };
      return { events: [usage], closeInput: true };
    }
    end ??= { type: 'end', verdict: 'done', text };
    // Written down at once: should the runner be killed now, nothing has to be done again.
    return { events: end.verdict === 'done' ? [usage, end] : [usage], closeInput: true };
  };

  const complain = (line: string): Reaction => {
    complaints.add(hide(line));
    if (line.includes('no rollout found for thread id')) refusal = 'unknown';
    else if (line.includes('already has an active writer')) refusal = 'busy';
    const why = /codex_core::tools::router: .{0,1000}Rejected\(\\?"(.{0,10000}?)\\?"\)/.exec(line)?.[1];
    // The stream itself says nothing of a command that Codex's own rules forbid or want approved.
    if (why !== undefined) denied.add(why);
    return { events: [{ type: 'text', text: line, stream: 'stderr' }] };
  };

  const endFromExit = (exit: ProcessExit): EndEvent => {
    const said = complaints.text();
    const how = `Codex ${describeExit(exit)} before its answer was complete`;
    // Nobody in Homer sent that signal: the runner tells of those itself, and memory ran out or somebody killed it.
    if (signalOf(exit) !== null) return { type: 'end', verdict: 'lost', message: `${how}.` };
    if (lastError !== null) return fail(lastError);
    return { type: 'end', verdict: 'agent_error', message: said === '' ? `${how}.` : `${how}:\n${said}` };
  };

  return {
    started: () => ({
      events: cannotAsk(settings),
      write: withPreamble(turn.preamble, turn.prompt),
      closeInput: true,
    }),
    output(text) {
      const line = parseFields(text);
      if (line === null) return text.trim() === '' ? silent : complain(text);
      const type = textOf(line['type']) ?? '';
      switch (type) {
        case 'thread.started': {
          const id = textOf(line['thread_id']);
          if (id === null || id === sessionId) return silent;
          sessionId = id;
          return { events: [{ type: 'session', agentSessionId: id }] };
        }
        case 'item.started':
        case 'item.updated':
        case 'item.completed':
          return onItem(type, fieldsOf(line['item']) ?? {});
        case 'error':
          return onError(line);
        case 'turn.completed':
          return onCompleted(line);
        case 'turn.failed':
          fail(textOf(fieldsOf(line['error'])?.['message']) ?? lastError ?? 'Codex gave no reason.');
          return { events: [], closeInput: true };
        // `turn.started`, and whatever a newer version adds.
        default:
          return silent;
      }
    },
    errorOutput: complain,
    // It neither asks nor listens: its input is the prompt and nothing more. The ladder goes on with signals.
    answer: () => silent,
    cancel: () => silent,
    exited(exit) {
      if (end !== null) return { end };
      const id = turn.session.id ?? '';
      if (refusal === 'busy')
        return {
          end: { type: 'end', verdict: 'session_busy', message: `Another Codex has the session ${id} open.` },
        };
      if (refusal === 'unknown' && turn.session.mode === 'resume') {
        // Killed before it had written anything down: there is nothing to lose by starting over. A session that went on
        // for turns is another matter, its loss has to be told.
        if (mayBeEmpty(turn)) return { respawnAs: 'new' };
        const message = `Codex no longer has the session ${id}.`;
        return { end: { type: 'end', verdict: 'session_lost', message } };
      }
      return { end: endFromExit(exit) };
    },
  };
}

/** Said at the start, since the person counts on being asked. */
function cannotAsk({ name, permissions }: ExecutorSettings): readonly AgentEvent[] {
  if (permissions !== 'ask') return [];
  const text =
    'Codex cannot ask for an approval: it may change files in the working directory, and what its sandbox does not ' +
    `allow fails. (executors.${name}.permissions is "ask" in Homer's config.yaml.)`;
  return [{ type: 'text', text, stream: 'stderr' }];
}

function remark(text: string | null): Reaction {
  return text === null ? silent : { events: [{ type: 'text', text, stream: 'stderr' }] };
}

function isWebSocket(reason: string): boolean {
  return /\burl: wss?:/.test(reason);
}

// The figures are of the whole session (measured: a second turn's are the sum of both), and what went before is not known.
const unknownUsage: Usage = { inputTokens: null, outputTokens: null, costUsd: null };

/** Tokens of a session that began with this turn; Codex tells no price. */
function usageOf(line: Fields): Usage {
  const usage = fieldsOf(line['usage']) ?? {};
  return {
    inputTokens: numberOf(usage['input_tokens']),
    outputTokens: numberOf(usage['output_tokens']),
    costUsd: null,
  };
}
