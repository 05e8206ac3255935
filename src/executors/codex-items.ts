// The items of Codex's stream that are uses of tools, as starts and ends.

import type { AgentEvent } from '../core/agent.ts';
import { fieldsOf, itemsOf, numberOf, textOf, type Fields } from './json-fields.ts';
import { summariseInput, summariseOutput } from './tool-summary.ts';

type Hide = (text: string) => string;

interface ToolUse {
  readonly name: string;
  readonly input: unknown;
  readonly output: unknown;
}

// One reader per type of item; messages, reasoning, plans and warnings are no tools.
const readers: Readonly<Record<string, (item: Fields) => ToolUse>> = {
  command_execution: (item) => ({
    name: 'shell',
    input: { command: plainCommand(textOf(item['command']) ?? '') },
    output: item['aggregated_output'],
  }),
  file_change: (item) => ({
    name: 'edit',
    input: {
      path: itemsOf(item['changes'])
        .flatMap((change) => textOf(change['path']) ?? [])
        .join(', '),
    },
    output: '',
  }),
  mcp_tool_call: (item) => ({
    name: `${textOf(item['server']) ?? 'mcp'}.${textOf(item['tool']) ?? 'tool'}`,
    input: item['arguments'],
    output: fieldsOf(item['error'])?.['message'] ?? fieldsOf(item['result'])?.['content'],
  }),
  web_search: (item) => ({ name: 'web_search', input: { query: item['query'] }, output: '' }),
};

/** The start or the end of a tool; null for an item that is none, and for news in between. */
export function toolEvent(type: string, item: Fields, hide: Hide): AgentEvent | null {
  const toolId = textOf(item['id']);
  const use = readers[textOf(item['type']) ?? '']?.(item);
  if (use === undefined || toolId === null) return null;
  if (type === 'item.started')
    return { type: 'tool_start', toolId, name: use.name, summary: summariseInput(use.input, hide) };
  if (type !== 'item.completed') return null;
  const code = numberOf(item['exit_code']) ?? 0;
  const ok = item['status'] !== 'failed' && item['status'] !== 'declined' && code === 0;
  return { type: 'tool_end', toolId, ok, summary: summariseOutput(use.output, hide) };
}

/** The command inside `/bin/bash -lc '…'`, which Codex puts around each; as it is when it looks different. */
function plainCommand(command: string): string {
  const quoted = /^\S*\/(?:ba|z)?sh -l?c ('(?:[^']|'\\'')*'|"(?:[^"\\]|\\.)*")$/s.exec(command)?.[1];
  if (quoted === undefined) return command;
  const inner = quoted.slice(1, -1);
  return quoted.startsWith("'") ? inner.replaceAll(`'\\''`, "'") : inner.replace(/\\(["\\$`])/g, '$1');
}
