// One process of `pi --mode json` as a dialogue: the prompt in, lines out, `agent_settled` at the end.

import type { AgentEvent, EndEvent } from '../core/agent.ts';
import type { Conversation, ExecutorSettings, Reaction, Turn } from './executor.ts';
import { describeExit, signalOf, type ProcessExit } from './exit-text.ts';
import { fieldsOf, numberOf, parseFields, textOf, type Fields } from './json-fields.ts';
import { createLastLines } from './last-lines.ts';
import { decidePiEnd, decidePiFailure } from './pi-end.ts';
import { withPreamble } from './preamble.ts';
import { summariseInput, summariseOutput } from './tool-summary.ts';

const silent: Reaction = { events: [] };

export function createPiConversation(
  settings: ExecutorSettings,
  turn: Turn,
  hide: (text: string) => string = (text) => text,
): Conversation {
  const complaints = createLastLines();
  const spent = { inputTokens: 0, outputTokens: 0, costUsd: 0, turns: 0 };
  let sessionId: string | null = null;
  /** The model's last message, when it is whole and pi does not try again for it. */
  let last: Fields | null = null;
  /** Text of the message under way was told already. */
  let isTold = false;
  let isOver = false;
  let end: EndEvent | null = null;
  let isUnknown = false;

  const settle = (): EndEvent | null => {
    if (last !== null) end ??= decidePiEnd(last, hide, Date.now());
    return end;
  };

  // Older versions repeat in each of these the whole message so far; only the piece that is new is told.
  const onUpdate = (line: Fields): Reaction => {
    const update = fieldsOf(line['assistantMessageEvent']) ?? {};
    const text = textOf(update['delta']);
    if (update['type'] !== 'text_delta' || text === null || text === '') return silent;
    const event: AgentEvent = isTold ? { type: 'text', text, delta: true } : { type: 'text', text };
    isTold = true;
    return { events: [event] };
  };

  const onMessage = (line: Fields): Reaction => {
    const message = fieldsOf(line['message']) ?? {};
    if (message['role'] !== 'assistant') return silent;
    last = message;
    isTold = false;
    const usage = fieldsOf(message['usage']);
    if (usage === null || message['stopReason'] === 'error') return silent;
    const told = (name: string): number => numberOf(usage[name]) ?? 0;
    spent.inputTokens += told('input') + told('cacheRead') + told('cacheWrite');
    spent.outputTokens += told('output');
    spent.costUsd += numberOf(fieldsOf(usage['cost'])?.['total']) ?? 0;
    spent.turns += 1;
    // For a model it has no price of it tells 0.
    const costUsd = spent.costUsd > 0 ? spent.costUsd : null;
    return { events: [{ type: 'usage', ...spent, costUsd }] };
  };

  const onTool = (type: string, line: Fields): Reaction => {
    const toolId = textOf(line['toolCallId']);
    if (toolId === null) return silent;
    if (type === 'tool_execution_start') {
      const summary = summariseInput(line['args'], hide);
      return { events: [{ type: 'tool_start', toolId, name: textOf(line['toolName']) ?? 'tool', summary }] };
    }
    const summary = summariseOutput(fieldsOf(line['result'])?.['content'], hide);
    return { events: [{ type: 'tool_end', toolId, ok: line['isError'] !== true, summary }] };
  };

  const onRetry = (line: Fields): Reaction => {
    last = null;
    const attempt = numberOf(line['attempt']);
    const reason = hide(textOf(line['errorMessage']) ?? 'unknown');
    return { events: [{ type: 'retry', attempt, delayMs: numberOf(line['delayMs']), reason }] };
  };

  const onSettled = (): Reaction => {
    const settled = settle();
    // A complete answer is written down at once: should the runner be killed now, nothing has to be done again.
    return { events: settled?.verdict === 'done' ? [settled] : [], closeInput: true };
  };

  const complain = (line: string): Reaction => {
    complaints.add(hide(line));
    if (line.includes('No session found matching')) isUnknown = true;
    return { events: [{ type: 'text', text: line, stream: 'stderr' }] };
  };

  const endFromExit = (exit: ProcessExit): EndEvent => {
    const said = complaints.text();
    const how = `pi ${describeExit(exit)} before its answer was complete`;
    // Nobody in Homer sent that signal: the runner tells of those itself, and memory ran out or somebody killed it.
    if (signalOf(exit) !== null) return { type: 'end', verdict: 'lost', message: `${how}.` };
    // Without a key nothing is asked of a model, and only these lines tell.
    if (decidePiFailure(said, 0).verdict === 'auth') return { type: 'end', verdict: 'auth', message: said };
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
        case 'session': {
          const id = textOf(line['id']);
          if (id === null || id === sessionId) return silent;
          sessionId = id;
          return { events: [{ type: 'session', agentSessionId: id }] };
        }
        case 'message_update':
          return onUpdate(line);
        case 'message_end':
          return onMessage(line);
        case 'tool_execution_start':
        case 'tool_execution_end':
          return onTool(type, line);
        case 'auto_retry_start':
          return onRetry(line);
        case 'agent_end':
          isOver = line['willRetry'] !== true;
          return silent;
        case 'agent_settled':
          return onSettled();
        // The person's own message, starts of turns, news of a tool under way, and whatever a newer version adds.
        default:
          return silent;
      }
    },
    errorOutput: complain,
    // In this mode it neither asks nor listens. The ladder goes on with signals.
    answer: () => silent,
    cancel: () => silent,
    exited(exit) {
      if (end !== null) return { end };
      if (isUnknown && turn.session.mode === 'resume') {
        // It writes a session down with the model's first whole message: killed before that, there is nothing to lose by
        // starting over under the same id. A session that went on for turns is another matter, its loss has to be told.
        if (turn.preamble !== null && turn.session.established !== true) return { respawnAs: 'new' };
        const message = `pi no longer has the session ${turn.session.id ?? ''}.`;
        return { end: { type: 'end', verdict: 'session_lost', message } };
      }
      // Older versions do not say that they have settled.
      return { end: (isOver && exit.code === 0 ? settle() : null) ?? endFromExit(exit) };
    },
  };
}

/** Said at the start, since the person counts on being asked. */
function cannotAsk({ name, permissions }: ExecutorSettings): readonly AgentEvent[] {
  if (permissions !== 'ask') return [];
  const text =
    'pi cannot ask for an approval: it has the tools that read, and no others. ' +
    `(executors.${name}.permissions is "ask" in Homer's config.yaml.)`;
  return [{ type: 'text', text, stream: 'stderr' }];
}
