// What an ACP agent says of one turn: its updates as events, its answer and what it used.

import type { AgentEvent, Usage } from '../core/agent.ts';
import { createAcpTools, type AskedTool } from './acp-tools.ts';
import { createAcpUsage } from './acp-usage.ts';
import { createAnswerText } from './answer-text.ts';
import { fieldsOf, textOf, type Fields } from './json-fields.ts';

export interface AcpTurn {
  /** A `session/update`; of one from before the prompt (`isTurn` false), a replay of the history, only the cost is read. */
  told(update: Fields, isTurn: boolean): readonly AgentEvent[];
  /** The call a permission is asked for. */
  asked(call: Fields): AskedTool;
  /** The answer to the prompt. */
  answered(result: Fields): readonly AgentEvent[];
  /** Something was said after the last tool call. */
  isConcluded(): boolean;
  usedTools(): boolean;
  /** The answer: what was said after the last tool call, or, when that was nothing, before it. */
  text(): string;
}

export function createAcpTurn(options: {
  /** The session begins with this turn. */
  readonly isNew: boolean;
  readonly tellsTokens: boolean;
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;
}): AcpTurn {
  const tools = createAcpTools(options.hide);
  const usage = createAcpUsage(options.isNew, options.tellsTokens);
  const answer = createAnswerText(options.hide);
  /** The last text may go on; `messageId` null: the agent tells no ids. */
  let open: { readonly messageId: string | null } | null = null;

  let usedTools = false;

  const usageEvents = (isNews: boolean): readonly AgentEvent[] => {
    const known: Usage | null = isNews ? usage.usage() : null;
    return known === null ? [] : [{ type: 'usage', ...known }];
  };

  /** A tool call stands between two texts. */
  const between = (events: readonly AgentEvent[]): readonly AgentEvent[] => {
    if (!events.some(({ type }) => type === 'tool_start')) return events;
    open = null;
    usedTools = true;
    answer.restart();
    return events;
  };

  const said = (update: Fields): readonly AgentEvent[] => {
    const content = fieldsOf(update['content']) ?? {};
    const text = content['type'] === 'text' ? (textOf(content['text']) ?? '') : '';
    if (text === '') return [];
    const settled = between(tools.settle());
    const messageId = textOf(update['messageId']);
    const goesOn = open !== null && open.messageId === messageId;
    if (open !== null && !goesOn) answer.add('\n');
    open = { messageId };
    answer.add(text);
    return [...settled, goesOn ? { type: 'text', text, delta: true } : { type: 'text', text }];
  };

  return {
    told(update, isTurn) {
      const isNews = usage.told(update, isTurn);
      if (!isTurn) return [];
      const news = usageEvents(isNews);
      switch (update['sessionUpdate']) {
        case 'agent_message_chunk':
          return [...said(update), ...news];
        case 'tool_call':
        case 'tool_call_update':
          return [...between(tools.told(update)), ...news];
        // Thoughts are not the answer; plans, modes, commands and titles are for an editor's screen.
        default:
          return news;
      }
    },
    asked(call) {
      const asked = tools.asked(call);
      return { ...asked, events: between(asked.events) };
    },
    answered(result) {
      return usageEvents(usage.answered(result));
    },
    usedTools: () => usedTools,
    isConcluded: () => !answer.isBlank(),
    text: () => answer.text(),
  };
}
