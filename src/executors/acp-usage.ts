// What a turn of an ACP agent used. The protocol has a word for the cost of the whole session only; tokens are in what agents add.

import type { Usage } from '../core/agent.ts';
import { fieldsOf, numberOf, type Fields } from './json-fields.ts';

export interface AcpUsage {
  /** A `session/update`, also one from before the turn; true when it changed what is known of the turn. */
  told(update: Fields, isTurn: boolean): boolean;
  /** The answer to the prompt; true when it changed what is known of the turn. */
  answered(result: Fields): boolean;
  /** Of the turn so far; null when nothing was told. */
  usage(): Usage | null;
}

/** `isNew`: the session begins with this turn. `tellsTokens`: see `AcpAgent`. */
export function createAcpUsage(isNew: boolean, tellsTokens: boolean): AcpUsage {
  // What a session cost before this turn must be known to tell what the turn did.
  let costBefore: number | null = isNew ? 0 : null;
  let cost: number | null = null;
  let inputTokens: number | null = null;
  let outputTokens: number | null = null;
  let turns = 0;

  return {
    told(update, isTurn) {
      const amount = dollars(update);
      if (!isTurn) {
        costBefore = amount ?? costBefore;
        return false;
      }
      // Qwen Code adds to its text what each call of the model took.
      const call = tellsTokens ? fieldsOf(fieldsOf(update['_meta'])?.['usage']) : null;
      inputTokens = add(inputTokens, numberOf(call?.['inputTokens']));
      outputTokens = add(outputTokens, numberOf(call?.['outputTokens']));
      if (call !== null) turns += 1;
      const isNews = call !== null || (amount !== null && amount !== cost);
      cost = amount ?? cost;
      return isNews;
    },
    answered(result) {
      const usage = tellsTokens ? fieldsOf(result['usage']) : null;
      if (usage === null) return false;
      const input = ['inputTokens', 'cachedReadTokens', 'cachedWriteTokens'];
      inputTokens = input.map((name) => numberOf(usage[name])).reduce(add, null);
      outputTokens = numberOf(usage['outputTokens']);
      return true;
    },
    usage() {
      const costUsd = cost === null || costBefore === null ? null : Math.max(0, cost - costBefore);
      if (inputTokens === null && outputTokens === null && costUsd === null) return null;
      return { inputTokens, outputTokens, costUsd, ...(turns === 0 ? {} : { turns }) };
    },
  };
}

function dollars(update: Fields): number | null {
  const cost = fieldsOf(update['cost']);
  return cost?.['currency'] === 'USD' ? numberOf(cost['amount']) : null;
}

function add(sum: number | null, more: number | null): number | null {
  return more === null ? sum : (sum ?? 0) + more;
}
