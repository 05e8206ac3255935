// Server-sent events as an async sequence; the only place that knows their format.

import type { IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface ServerEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** The events of an open stream, in order, until the server ends it. Throws when the connection breaks. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<ServerEvent, void, undefined> {
  const ready: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void ready.push(message) });
  response.setEncoding('utf8');
  for await (const chunk of response) {
    parser.feed(chunk as string);
    for (const { id, event, data } of ready.splice(0)) {
      yield { id: id ?? null, event: event ?? 'message', data };
    }
  }
}
