// How a turn of an ACP agent ended: read from the answer to its prompt, or from the error it gave instead.

import type { StopReason } from '@agentclientprotocol/sdk';
import type { EndEvent } from '../core/agent.ts';
import { errorCodes } from './acp-protocol.ts';
import { fieldsOf, numberOf, textOf, type Fields } from './json-fields.ts';
import { lastLinesOf } from './last-lines.ts';

/** What is known of a turn whose prompt was answered. */
export interface AcpAnswer {
  /** The agent's name, for messages. */
  readonly agent: string;
  readonly stopReason: string | null;
  readonly text: string;
  /** It said its last word: some end a turn that failed as if it were done. */
  readonly isConcluded: boolean;
  /** Names of the tools it was denied. */
  readonly denied: readonly string[];
}

/** Decides the verdict of a turn that came to its answer. */
export function decideAcpEnd({ agent, stopReason, text, isConcluded, denied }: AcpAnswer): EndEvent {
  const end = (verdict: EndEvent['verdict'], message: string): EndEvent => {
    return text === '' ? { type: 'end', verdict, message } : { type: 'end', verdict, text, message };
  };
  const isKnown = stopReason === 'end_turn' || stopReason === 'cancelled';
  // Some agents go on without the tool, some end their turn there and call it cancelled.
  if (isKnown && denied.length > 0) return end('denied', `Denied: ${[...new Set(denied)].join(', ')}.`);
  if (stopReason === 'end_turn' && isConcluded) return { type: 'end', verdict: 'done', text };
  if (stopReason === 'end_turn')
    return end(
      'agent_error',
      `${agent} ended its turn without an answer, as it does when its model cannot be reached, fails or limits it.`,
    );
  const known = (
    stopMessages as Readonly<Record<string, readonly [EndEvent['verdict'], string] | undefined>>
  )[stopReason ?? ''];
  if (known !== undefined) return end(known[0], `${agent} ${known[1]}`);
  return end(
    'agent_error',
    `${agent} stopped for a reason Homer does not know: ${stopReason ?? 'none given'}.`,
  );
}

const stopMessages: Readonly<
  Record<Exclude<StopReason, 'end_turn'>, readonly [EndEvent['verdict'], string]>
> = {
  max_tokens: ['agent_error', 'used all the tokens an answer may have.'],
  max_turn_requests: ['max_turns', 'used all the model calls a turn may have.'],
  refusal: ['agent_error', 'refused to go on.'],
  cancelled: ['agent_error', 'was interrupted.'],
};

/** Decides the verdict of a turn that ended with a JSON-RPC error; `hide` takes secrets out before it is cut. */
export function decideAcpFailure(agent: string, error: Fields, hide: (text: string) => string): EndEvent {
  const said = lastLinesOf(hide(textOfError(error)));
  const message = said === '' ? `${agent} gave no reason.` : said;
  const end = (verdict: EndEvent['verdict']): EndEvent => ({ type: 'end', verdict, message });
  const status = statusOf(error);
  if (error['code'] === errorCodes.authRequired || status === 401 || status === 403 || authText.test(message))
    return end('auth');
  if (status === 429 || limitText.test(message)) return end('rate_limited');
  if (connectionText.test(message)) return end('offline');
  return end('agent_error');
}

/** The session that was to go on is not there; any other failure to go on may pass. */
export function isSessionLost(error: Fields): boolean {
  const text = textOfError(error);
  // OpenCode has no words for it but names the service that failed; there is no other failure of that one so early.
  const isOpenCodes =
    fieldsOf(error['data'])?.['service'] === 'session' && text.includes('OpenCode service failure');
  return error['code'] === errorCodes.resourceNotFound || isOpenCodes || lostText.test(text);
}

const lostText =
  /(session|conversation|thread|resource)s? (was |is |could )?(not (be )?found|does not exist|unknown)|no (previous |such |saved )?(session|conversation)s? |(unknown|invalid) session/i;
const authText =
  /\b40[13]\b[^0-9]*(unauthor|auth|invalid|forbidden|incorrect)|auth(entication)?[_ ](error|required|failed)|unauthorized|(invalid|incorrect|missing) api.?key|not (logged|signed) in|log ?in (again|first|required)/i;
const limitText =
  /\b429\b|rate.?limit|too many requests|usage limit|quota (exceeded|exhausted)|insufficient.?quota/i;
const connectionText =
  /connection (refused|error|timed out|failed|closed)|unable to connect|fetch failed|cannot connect|network error|\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ConnectionRefused)\b/i;

/** The message and what `data` adds to it in words: agents keep what went wrong in one, the other or both. */
function textOfError(error: Fields): string {
  const message = textOf(error['message']) ?? '';
  const data = fieldsOf(error['data']) ?? {};
  const more =
    textOf(error['data']) ??
    textOf(data['details']) ??
    textOf(data['message']) ??
    textOf(data['error']) ??
    '';
  return more === '' || message.includes(more) ? message : `${message}: ${more}`;
}

/** The status the model's service answered with, where an agent passes it on as a number. */
function statusOf(error: Fields): number | null {
  const data = fieldsOf(error['data']) ?? {};
  return numberOf(data['status']) ?? numberOf(data['statusCode']) ?? numberOf(data['httpStatus']);
}
