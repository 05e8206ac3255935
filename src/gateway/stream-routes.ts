// The two addresses that answer with a stream.

import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isRunId } from '../core/ids.ts';
import type { Caller } from '../operations/operation.ts';
import type { Scope } from '../core/scope.ts';
import { hasBody } from './guards.ts';
import { streamEvents } from './event-stream.ts';
import type { EventLog } from './event-stream.ts';
import { readInput } from './input.ts';
import type { Log } from './log.ts';
import { streamRun } from './run-stream.ts';
import type { RunStream } from './run-stream.ts';
import type { Streams } from './sse.ts';

export interface StreamRouteOptions {
  readonly events: EventLog;
  readonly runs: RunStream;
  readonly streams: Streams;
  readonly log: Log;
  /** The guards from scope to size, as every route has them. */
  guard(request: FastifyRequest, scope: Scope): Caller;
  takeRate(caller: Caller): void;
  /** Somebody listens to a topic from now on, until `closed`. */
  arrive(request: IncomingMessage, caller: Caller, topic: string, closed: AbortSignal): void;
}

export const streamPaths = { events: '/api/v1/events', run: '/api/v1/runs/:id/stream' } as const;

const fromHeader = { 'last-event-id': 'lastEventId' } as const;
const eventsInput = z.strictObject({ since: z.string().optional(), lastEventId: z.string().optional() });
const entryNumber = z.string().regex(/^\d{1,15}$/, 'is not the number of an entry');
const runInput = z.strictObject({
  id: z.string().refine(isRunId, 'is not the id of a run'),
  since: entryNumber.optional(),
  lastEventId: entryNumber.optional(),
});

/** A reconnecting client repeats its first address, so `Last-Event-ID` is newer than `since`. */
export function mountStreams(app: FastifyInstance, options: StreamRouteOptions): void {
  const { streams, log } = options;
  const read = <Input>(schema: z.ZodType<Input>, request: FastifyRequest): Input =>
    readInput(
      schema,
      'GET',
      {
        params: request.params as Record<string, unknown>,
        query: request.query as Record<string, unknown>,
        body: hasBody(request.raw) ? null : undefined,
        headers: request.raw.headersDistinct,
      },
      fromHeader,
    );
  const failed = (error: unknown, path: string): void =>
    log.error({ path, error: error instanceof Error ? error.stack : String(error) }, 'a stream broke off');

  app.get(streamPaths.events, (request, reply) => {
    const caller = options.guard(request, 'read');
    const { since, lastEventId } = read(eventsInput, request);
    options.takeRate(caller);
    streams.requireRoom(caller.tokenId);
    reply.hijack();
    const stream = streams.begin(reply.raw, caller.tokenId);
    options.arrive(request.raw, caller, 'events', stream.closed);
    streamEvents(stream, options.events, lastEventId ?? since).catch((error: unknown) => {
      failed(error, streamPaths.events);
      stream.end();
    });
  });

  app.get(streamPaths.run, async (request, reply) => {
    const caller = options.guard(request, 'read');
    const { id, since, lastEventId } = read(runInput, request);
    options.takeRate(caller);
    streams.requireRoom(caller.tokenId);
    const reader = new AbortController();
    reply.raw.once('close', () => reader.abort());
    const begin = () => {
      reply.hijack();
      const stream = streams.begin(reply.raw, caller.tokenId);
      options.arrive(request.raw, caller, `run:${id}`, stream.closed);
      return stream;
    };
    try {
      await streamRun(options.runs, id, Number(lastEventId ?? since ?? 0), begin, reader);
    } catch (error) {
      // As long as nothing was sent, the client gets a proper answer.
      if (!reply.sent) throw error;
      failed(error, streamPaths.run);
      reply.raw.destroy();
    }
    return reply;
  });
}
