// What becomes of requests, in the log: refusals counted, faults of ours always told.

import type { IncomingMessage } from 'node:http';
import { loggable } from '../core/loggable.ts';
import type { Log } from './log.ts';
import type { Answer } from './problem-details.ts';
import { createRefusalLog } from './refusal-log.ts';

export interface RequestLog {
  /** `fields` say what was asked; the answer's own are added. */
  readonly tell: (fields: Readonly<Record<string, unknown>>, answer: Answer, error: unknown) => void;
  /** The same for a request of HTTP. */
  readonly record: (request: IncomingMessage, answer: Answer, error: unknown) => void;
  flush(): void;
}

export function createRequestLog(log: Log): RequestLog {
  const refusals = createRefusalLog(log);
  const tell: RequestLog['tell'] = (asked, { status, code, faultId }, error) => {
    const fields = { ...asked, status, code };
    if (faultId === null) refusals.tell(fields);
    else log.error({ ...fields, faultId, error: stackOf(error) }, 'request failed');
  };
  return {
    tell,
    record: (request, answer, error) => tell(describeRequest(request), answer, error),
    flush: () => refusals.flush(),
  };
}

/** Without the query: people put secrets there. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split(/[?#]/, 1)[0] ?? '';
}

function describeRequest(request: IncomingMessage): Record<string, unknown> {
  return {
    method: request.method,
    path: loggable(pathOf(request)),
    host: loggable(request.headers.host),
    origin: loggable(request.headers.origin),
    userAgent: loggable(request.headers['user-agent']),
  };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
