// Server-sent events as an async sequence; the only place that knows their format.

import type { IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { HomerError, messageOf } from '../core/errors.ts';

export interface ServerEvent {
  /** Null when this very event carries none. */
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** The events of an open stream, in order, until the server ends it. Throws HOMER_UNREACHABLE when it breaks off. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<ServerEvent, void, undefined> {
  const ready: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void ready.push(message) });
  response.setEncoding('utf8');
  const chunks = response[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<unknown>;
    try {
      next = await chunks.next();
    } catch (error) {
      throw new HomerError('HOMER_UNREACHABLE', `The stream broke off: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    if (next.done === true) return;
    parser.feed(String(next.value));
    for (const { id, event, data } of ready.splice(0)) {
      yield { id: id ?? null, event: event ?? 'message', data };
    }
  }
}
