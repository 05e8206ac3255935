// The words of the Agent Client Protocol that Homer speaks, one JSON value per line. The SDK gives the types, all of them gone at
// run time: its code would cost every runner 28 MB and 80 ms, and its connections are asynchronous (docs/decisions/0014).

import type {
  AGENT_METHODS,
  CancelNotification,
  CLIENT_METHODS,
  ErrorCode,
  InitializeRequest,
  LoadSessionRequest,
  NewSessionRequest,
  PermissionOptionKind,
  PROTOCOL_METHODS,
  PROTOCOL_VERSION,
  PromptRequest,
  RequestPermissionResponse,
  ResumeSessionRequest,
  SetSessionConfigOptionRequest,
  SetSessionModeRequest,
} from '@agentclientprotocol/sdk';

/** The version of the protocol, negotiated in `initialize`. */
export const protocolVersion: typeof PROTOCOL_VERSION = 1;

const asked = {
  initialize: 'initialize',
  session_new: 'session/new',
  session_load: 'session/load',
  session_resume: 'session/resume',
  session_set_mode: 'session/set_mode',
  session_set_config_option: 'session/set_config_option',
  session_prompt: 'session/prompt',
  session_cancel: 'session/cancel',
} as const satisfies Partial<typeof AGENT_METHODS>;

/** What an agent sends that Homer answers or reads; file system and terminal are not offered. */
export const heard = {
  session_request_permission: 'session/request_permission',
  session_update: 'session/update',
  cancel_request: '$/cancel_request',
} as const satisfies Partial<typeof CLIENT_METHODS & typeof PROTOCOL_METHODS>;

/** The error codes Homer tells apart. */
export const errorCodes = {
  methodNotFound: -32_601,
  authRequired: -32_000,
  resourceNotFound: -32_002,
} as const satisfies Readonly<Record<string, ErrorCode>>;

interface Requests {
  readonly [asked.initialize]: InitializeRequest;
  readonly [asked.session_new]: NewSessionRequest;
  readonly [asked.session_load]: LoadSessionRequest;
  readonly [asked.session_resume]: ResumeSessionRequest;
  readonly [asked.session_set_mode]: SetSessionModeRequest;
  readonly [asked.session_set_config_option]: SetSessionConfigOptionRequest;
  readonly [asked.session_prompt]: PromptRequest;
}

/** The id of a JSON-RPC request as its sender made it. */
export type RequestId = string | number;

export function request<Method extends keyof Requests>(
  id: number,
  method: Method,
  params: Requests[Method],
): string {
  return line({ id, method, params });
}

/** Asks the agent to end the turn; the prompt then answers `cancelled`. */
export function cancelNotification(sessionId: string): string {
  const params: CancelNotification = { sessionId };
  return line({ method: asked.session_cancel, params });
}

/** The answer to a permission request; null: the turn it belongs to was cancelled. */
export function permissionAnswer(id: RequestId, optionId: string | null): string {
  const result: RequestPermissionResponse = {
    outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId },
  };
  return line({ id, result });
}

export function methodNotFound(id: RequestId, method: string): string {
  const error = { code: errorCodes.methodNotFound, message: `Homer does not offer ${method}.` };
  return line({ id, error });
}

/** Answers that hold for this request alone: what is allowed for longer, Homer itself remembers. */
export const onceKinds = {
  allow: 'allow_once',
  deny: 'reject_once',
} as const satisfies Readonly<Record<string, PermissionOptionKind>>;

function line(message: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}
