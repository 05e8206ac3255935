// The words of the WebSocket control plane, for both its ends: version, close codes, error codes, topics.

import { isRunId } from './ids.ts';

export const wireVersion = 1;

/** Why Homer closes a connection. docs/websocket.md has what a client does about each; a test holds it to this table. */
export const closeCodes = {
  /** Homer stops or restarts: come back. */
  goingAway: 1001,
  binaryRefused: 1003,
  /** A message over the limit; written by the WebSocket library itself, as 1007 is for text that is no UTF-8. */
  tooLarge: 1009,
  internal: 1011,
  malformed: 4400,
  /** No, wrong or revoked token: come back with another one only. */
  unauthorized: 4401,
  forbidden: 4403,
  authenticationLate: 4408,
  /** What was sent is not read: come back and go on from the last cursor. */
  slowReader: 4413,
  tooManyMessages: 4429,
} as const;

/** JSON-RPC 2.0, section 5.1; `refused` stands for every error of Homer that has no code there. */
export const rpcCodes = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodUnknown: -32_601,
  paramsInvalid: -32_602,
  internal: -32_603,
  refused: -32_000,
} as const;

/** What an event must be about, one thing at most: a job, a session, a lane, or a type (`job.failed`, `job.*`). */
export interface EventFilter {
  readonly by: 'job' | 'session' | 'lane' | 'type';
  readonly value: string;
}

export type Topic =
  | { readonly is: 'events'; readonly filter: EventFilter | null }
  | { readonly is: 'run'; readonly runId: string }
  | { readonly is: 'presence' };

export const topicRule =
  'is not a topic: events, events:job=ID, events:session=ID, events:lane=NAME, events:type=TYPE, run:ID, presence';

/** null: no topic. Two texts are the same topic only when they are the same text. */
export function parseTopic(text: string): Topic | null {
  if (text.length > 128) return null;
  if (text === 'events') return { is: 'events', filter: null };
  if (text === 'presence') return { is: 'presence' };
  if (text.startsWith('run:')) return isRunId(text.slice(4)) ? { is: 'run', runId: text.slice(4) } : null;
  const [, by, value] = /^events:(job|session|lane|type)=([^\p{Cc}]{1,100})$/u.exec(text) ?? [];
  if (by === undefined || value === undefined) return null;
  return { is: 'events', filter: { by: by as EventFilter['by'], value } };
}

/** Of what a client of the control plane is told about an event; the rest is what it is about. */
export interface Placed {
  readonly type: string;
  readonly jobId: string | null;
  readonly sessionId?: string | null;
  readonly lane?: string | null;
}

/** Whether a filter lets an event through; `null` lets all. */
export function matches(filter: EventFilter | null, event: Placed): boolean {
  if (filter === null) return true;
  const { by, value } = filter;
  if (by === 'job') return event.jobId === value;
  if (by === 'session') return event.sessionId === value;
  if (by === 'lane') return event.lane === value;
  return value.endsWith('.*') ? event.type.startsWith(value.slice(0, -1)) : event.type === value;
}
