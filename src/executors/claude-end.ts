// How a turn of Claude Code ended, read from its `result` line. `subtype` is not the verdict: a 401 ends as
// "success", a denied tool too, and an interrupted turn exits with 0 (measured with 2.1.330).

import type { EndEvent, Usage } from '../core/agent.ts';
import { boundedAnswer } from './bounded-text.ts';
import { fieldsOf, itemsOf, numberOf, textOf, textsOf, type Fields } from './json-fields.ts';

/** A usage limit the stream told of; `until` in ms since the epoch. */
export interface Limit {
  readonly reason: string;
  readonly until: number | null;
}

/** Decides the verdict of a turn that came to its `result` line; `hide` takes secrets out of the answer before it is cut. */
export function decideClaudeEnd(
  result: Fields,
  limit: Limit | null,
  hide: (text: string) => string,
): EndEvent {
  const status = numberOf(result['api_error_status']);
  const reason = textOf(result['terminal_reason']) ?? '';
  const subtype = textOf(result['subtype']) ?? '';
  const failed = result['is_error'] === true || status !== null || reason.startsWith('aborted');
  const text = boundedAnswer(hide(textOf(result['result']) ?? ''));

  if (!failed) {
    const denied = deniedTools(result);
    if (denied.length === 0) return { type: 'end', verdict: 'done', text, data: result['structured_output'] };
    return { type: 'end', verdict: 'denied', text, message: `Denied: ${denied.join(', ')}.` };
  }

  const message = (textsOf(result['errors']).join('; ') || text).trim() || 'Claude Code gave no reason.';
  // What it says of itself is short; patterns are not tried on what it may quote.
  const said = message.slice(0, 4096);
  const end = (verdict: EndEvent['verdict']): EndEvent => ({ type: 'end', verdict, message });
  if (subtype === 'error_max_turns' || reason === 'max_turns') return end('max_turns');
  if (subtype === 'error_max_budget_usd' || reason === 'budget_exhausted') return end('budget');
  if (status === 401 || status === 403 || signInText.test(said)) return end('auth');
  if (status === 429 || result['api_error'] === 'usage_limit_reached' || limitText.test(said)) {
    const until = limit?.until ?? untilInText(said);
    return until === null ? end('rate_limited') : { ...end('rate_limited'), until };
  }
  if (status === null && (result['api_error'] === 'connection_failed' || connectionText.test(said)))
    return end('offline');
  if (reason.startsWith('aborted'))
    return { type: 'end', verdict: 'agent_error', message: 'Claude Code was interrupted.' };
  return end('agent_error');
}

/** What the turn used; fields that were not told are null. */
export function usageOf(result: Fields): Usage {
  const perModel = Object.values(fieldsOf(result['modelUsage']) ?? {}).map((value) => fieldsOf(value) ?? {});
  const total = fieldsOf(result['usage']) ?? {};
  // `modelUsage` also counts subagents, and keeps its figures when a turn is interrupted, where `usage` falls to 0.
  const [inputTokens, outputTokens] =
    perModel.length > 0
      ? [
          sum(perModel, ['inputTokens', 'cacheReadInputTokens', 'cacheCreationInputTokens']),
          sum(perModel, ['outputTokens']),
        ]
      : [
          sum([total], ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']),
          sum([total], ['output_tokens']),
        ];
  return { inputTokens, outputTokens, costUsd: numberOf(result['total_cost_usd']) };
}

function sum(rows: readonly Fields[], names: readonly string[]): number | null {
  const known = rows.flatMap((row) =>
    names.map((name) => numberOf(row[name])).filter((value) => value !== null),
  );
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

// Without a stored key no request is sent, so there is no status: only the text tells.
const signInText =
  /not logged in|please run \/login|invalid api key|oauth token (has |is )?(expired|revoked)|credit balance is too low/i;
// "Claude AI usage limit reached|1764000000", "You've hit your session limit · resets 3pm".
const limitText = /usage limit reached|you've hit your [^.]{0,80}limit|out of extra usage/i;
const connectionText =
  /connection (refused|error|timed out|failed)|unable to connect|\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/i;

/** The seconds since the epoch after the bar in "usage limit reached|1764000000", as ms. */
function untilInText(message: string): number | null {
  const seconds = /limit reached\|(\d{10})\b/.exec(message)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

function deniedTools(result: Fields): readonly string[] {
  const names = itemsOf(result['permission_denials']).map(
    (denial) => textOf(denial['tool_name']) ?? 'a tool',
  );
  return [...new Set(names)];
}
