// Counts the model calls of a turn of Claude Code while it works: its `result` line, which has all, comes only at the end.

import type { AgentEvent } from '../core/agent.ts';
import { fieldsOf, numberOf, textOf, type Fields } from './json-fields.ts';

export interface ClaudeCalls {
  /** The usage so far after an `assistant` line; nothing when the line belongs to a call that was counted. */
  add(line: Fields): readonly AgentEvent[];
  /** How many calls there were, at the `result` line; nothing when that is unknown. */
  end(result: Fields): { readonly turns?: number };
}

/**
 * A call has one message id and a line for each block of it. The line tells the tokens as they were when the call began:
 * the input is right, of the output it is what was known then, so what is counted here is at least used. A subagent's calls
 * cost tokens, but are no turns of its agent's.
 */
export function createClaudeCalls(): ClaudeCalls {
  const seen = new Set<string>();
  let inputTokens = 0;
  let outputTokens = 0;
  let turns = 0;
  return {
    add(line) {
      const message = fieldsOf(line['message']) ?? {};
      const id = textOf(message['id']);
      const usage = fieldsOf(message['usage']);
      if (id === null || usage === null || line['is_api_error_message'] === true || seen.has(id)) return [];
      seen.add(id);
      const told = (name: string): number => numberOf(usage[name]) ?? 0;
      inputTokens +=
        told('input_tokens') + told('cache_read_input_tokens') + told('cache_creation_input_tokens');
      outputTokens += told('output_tokens');
      if (textOf(line['parent_tool_use_id']) === null) turns += 1;
      return [{ type: 'usage', inputTokens, outputTokens, costUsd: null, turns }];
    },
    end(result) {
      // Its own count is one too many when it ran out of turns, but it also counts a call that failed.
      const told = turns > 0 ? turns : numberOf(result['num_turns']);
      return told === null ? {} : { turns: told };
    },
  };
}
