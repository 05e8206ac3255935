// The addresses behind the first guards: operations projected to HTTP, streams, and what is not there.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { Caller } from '../operations/operation.ts';
import type { From, Performer } from '../operations/perform.ts';
import { requireScope } from '../operations/rights.ts';
import { routes } from '../operations/routes.ts';
import type { Route, RouteName } from '../operations/routes.ts';
import type { Scope } from '../core/scope.ts';
import { bodyTooLarge, checkSize, checkType, hasBody, isBodyEndless } from './guards.ts';
import { gatherInput, takesBody } from './input.ts';
import { parseJsonBody } from './json-body.ts';
import { describeApi } from './openapi.ts';
import { mountBoard, type BoardPart } from './board-routes.ts';
import { mountMcp } from './mcp-routes.ts';
import { mountMetrics, type MetricsPart } from './metrics-route.ts';
import { answerFor, plainHeaders } from './problem-details.ts';
import type { Answer } from './problem-details.ts';
import { mountStreams } from './stream-routes.ts';
import type { StreamRouteOptions } from './stream-routes.ts';

export interface AppOptions extends BoardPart, MetricsPart, Omit<StreamRouteOptions, 'guard' | 'takeRate'> {
  readonly performer: Performer;
  readonly version: string;
  readonly bodyLimit: number;
  /** An answer of which no byte leaves for this long is cut; ms. */
  readonly answerStallMs: number;
  /** The caller that was authenticated for this request. */
  callerOf(request: IncomingMessage): Caller;
  /** Where a request comes from. */
  peerOf(request: IncomingMessage): string;
  /** Takes secrets out of what is told of an error. */
  readonly redact: (text: string) => string;
  /** Writes the answer to the log, with the fault behind it if it is one of ours. */
  record(request: IncomingMessage, answer: Answer, error: unknown): void;
  /** Called when the answer of an operation is out. */
  answered?(name: RouteName): void;
}

/**
 * Builds the handler of requests that passed Host, Origin and authentication. `server` is listening already; the
 * framework only routes. This file is loaded late, so that listening does not wait for it.
 */
export async function createApp(
  server: Server,
  options: AppOptions,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  let handle: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  const app = fastify({
    serverFactory: (handler) => {
      handle = handler;
      return server;
    },
    logger: false,
    // zod validates; without these two the framework loads ajv and its kin (110 modules, 3 MB) to do nothing.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    exposeHeadRoutes: false,
    bodyLimit: options.bodyLimit,
    // The listener answers what is no HTTP; a second answer to the same socket would garble the first.
    clientErrorHandler: () => undefined,
    frameworkErrors: (error, request, reply) => {
      void sendError(options, request, reply, error);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
  app.setErrorHandler((error, request, reply) => sendError(options, request, reply, error));
  app.setNotFoundHandler((request) => {
    throw new HomerError('HOMER_ROUTE_UNKNOWN', `There is no ${request.method} at this address.`);
  });
  const { performer } = options;
  const takeRate = (caller: Caller): void => performer.takeRate(caller);
  const checkHead = (request: FastifyRequest, mostBytes = options.bodyLimit): void => {
    checkType(request.raw);
    checkSize(request.raw, mostBytes);
  };
  const guard = (request: FastifyRequest, scope: Scope): Caller => {
    const caller = options.callerOf(request.raw);
    requireScope(caller, scope);
    checkHead(request);
    return caller;
  };
  project(app, options, checkHead);
  mountStreams(app, { ...options, guard, takeRate });
  mountMcp(app, { ...options, checkHead, takeRate });
  if (options.board !== undefined) mountBoard(app, { ...options, board: options.board, guard, takeRate });
  mountMetrics(app, { ...options, guard, takeRate });
  let document: string | null = null;
  app.get('/openapi.json', (request, reply) => {
    takeRate(guard(request, 'read'));
    document ??= JSON.stringify(describeApi(performer.operations, options.version));
    return sendJson(reply, 200, document, options);
  });
  await app.ready();
  if (handle === null) throw new Error('fastify made no handler');
  return handle;
}

function noSchemas(): never {
  throw new Error('routes carry no schemas of the framework');
}

/** One route per operation, and no logic but the order of what is asked of a request. */
function project(
  app: FastifyInstance,
  options: AppOptions,
  checkHead: (request: FastifyRequest, mostBytes?: number) => void,
): void {
  const { performer } = options;
  const fromOf = (request: FastifyRequest): From => ({ face: 'http', peer: options.peerOf(request.raw) });
  for (const { name } of performer.operations) {
    const route: Route = routes[name];
    app.route({
      method: route.method,
      url: route.path,
      ...(route.bodyBytes === undefined ? {} : { bodyLimit: route.bodyBytes }),
      // Before the body is read: nobody without the right to send one makes Homer read it.
      onRequest: (request, _reply, done) => {
        try {
          performer.admit({ name, caller: options.callerOf(request.raw), from: fromOf(request) });
          checkHead(request, route.bodyBytes);
          done();
        } catch (error) {
          done(error as Error);
        }
      },
      handler: async (request, reply) => {
        const isUnread = !takesBody(route.method) && hasBody(request.raw);
        const gathered = gatherInput(
          route.method,
          {
            params: request.params as Record<string, unknown>,
            query: request.query as Record<string, unknown>,
            body: isUnread ? null : request.body,
            headers: request.raw.headersDistinct,
          },
          route.headers,
        );
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const outcome = await performer.perform({
          name,
          caller: options.callerOf(request.raw),
          from: fromOf(request),
          gone: gone.signal,
          ...gathered,
        });
        return sendJson(reply, outcome.status ?? 200, JSON.stringify(outcome.output ?? null), options);
      },
      onResponse: (_request, _reply, done) => {
        options.answered?.(name);
        done();
      },
    });
  }
}

function sendJson(
  reply: FastifyReply,
  status: number,
  body: string,
  { answerStallMs }: Pick<AppOptions, 'answerStallMs'>,
): FastifyReply {
  // Fires only while nothing moves; once the answer is out, the server puts the time of keep-alive in its place.
  reply.raw.socket?.setTimeout(answerStallMs);
  return reply
    .code(status)
    .headers(plainHeaders)
    .header('content-type', 'application/json')
    .send(Buffer.from(body));
}

function sendError(
  options: AppOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  const answer = answerFor(translate(error, options.bodyLimit), options.redact);
  options.record(request.raw, answer, error);
  if (answer.status === 429 || isBodyEndless(request.raw, options.bodyLimit))
    reply.header('connection', 'close');
  // Bytes, since the framework adds a charset to the type of text, which JSON has not.
  return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body));
}

function isRefusal(error: Error): boolean {
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500;
}

/** The framework's own refusals, in the words of the catalogue. */
function translate(error: unknown, bodyLimit: number): unknown {
  if (isHomerError(error) || !(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge(bodyLimit);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HomerError('HOMER_CONTENT_TYPE', 'The body is not declared as application/json.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET':
      return new HomerError('HOMER_INPUT_INVALID', 'The body ended before its length.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HomerError('HOMER_INPUT_INVALID', 'The address cannot be read.');
    default:
      return isRefusal(error)
        ? new HomerError('HOMER_INPUT_INVALID', 'The request cannot be handled as it is.', { cause: error })
        : error;
  }
}
