// A request in the log: what is worth knowing, and nothing that a sender could use to write there what he likes.

import type { IncomingMessage } from 'node:http';
import { loggable } from './log.ts';
import type { Answer } from './problem-details.ts';

/** Without the query: people put secrets there. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split(/[?#]/, 1)[0] ?? '';
}

export function describeRequest(request: IncomingMessage, answer: Answer): Record<string, unknown> {
  return {
    method: request.method,
    path: loggable(pathOf(request)),
    status: answer.status,
    code: answer.code,
    host: loggable(request.headers.host),
    origin: loggable(request.headers.origin),
    userAgent: loggable(request.headers['user-agent']),
  };
}

export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
