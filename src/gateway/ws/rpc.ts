// JSON-RPC 2.0 as it is spoken on /ws: one request per message, each with an id, params by name.

import { HomerError } from '../../core/errors.ts';
import { rpcCodes } from '../../core/wire.ts';
import { parseJsonBody } from '../json-body.ts';
import { answerFor, type Answer } from '../problem-details.ts';

export type CallId = string | number;

export interface RpcRequest {
  readonly id: CallId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export type Message =
  | { readonly is: 'request'; readonly request: RpcRequest }
  /** JSON, but no request: answered, under its id if it has one. */
  | { readonly is: 'invalid'; readonly id: CallId | null; readonly why: string }
  /** Not even JSON: whoever sends that speaks another language. */
  | { readonly is: 'malformed'; readonly why: string };

const longestId = 100;

export function readMessage(bytes: Uint8Array): Message {
  let value: unknown;
  try {
    value = parseJsonBody(bytes);
  } catch (error) {
    return { is: 'malformed', why: error instanceof Error ? error.message : 'The message is not JSON.' };
  }
  if (Array.isArray(value)) return invalid(null, 'Batches are not taken: send one request per message.');
  if (typeof value !== 'object' || value === null) return invalid(null, 'A request is a JSON object.');
  const { jsonrpc, id, method, params = {}, ...rest } = value as Record<string, unknown>;
  const known = isId(id) ? id : null;
  if (known === null)
    return invalid(null, `A request has an id: a whole number or a text of at most ${longestId} characters.`);
  if (jsonrpc !== '2.0') return invalid(known, 'A request says "jsonrpc": "2.0".');
  if (typeof method !== 'string') return invalid(known, 'A request names its method.');
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    return invalid(known, 'The params of a request are an object: they are given by name.');
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    return invalid(known, `A request has no ${JSON.stringify(unknown.slice(0, 40))}.`);
  return {
    is: 'request',
    request: { id: known, method, params: params as Record<string, unknown> },
  };
}

export function resultMessage(id: CallId, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result: result ?? null });
}

/** The answer to a request that failed, and what must stand in the log. `data` are the problem details of HTTP; `redact` takes secrets out. */
export function errorMessage(
  id: CallId | null,
  error: unknown,
  redact: (text: string) => string,
): { readonly text: string; readonly answer: Answer } {
  const answer = answerFor(error, redact);
  const { problem, retryAfter } = answer;
  const data = { ...problem, ...(retryAfter === null ? {} : { retryAfter }) };
  const code = codes[problem.code] ?? rpcCodes.refused;
  const text = JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: problem.detail, data } });
  return { text, answer };
}

/** The answer to what is no request. */
export function invalidMessage(id: CallId | null, why: string): string {
  const { problem } = answerFor(new HomerError('HOMER_INPUT_INVALID', why));
  const error = { code: rpcCodes.invalidRequest, message: why, data: problem };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

const codes: Readonly<Record<string, number>> = {
  HOMER_ROUTE_UNKNOWN: rpcCodes.methodUnknown,
  HOMER_INPUT_INVALID: rpcCodes.paramsInvalid,
  HOMER_INTERNAL: rpcCodes.internal,
};

function isId(value: unknown): value is CallId {
  return typeof value === 'string' ? value.length <= longestId : Number.isSafeInteger(value);
}

function invalid(id: CallId | null, why: string): Message {
  return { is: 'invalid', id, why };
}
