// The addresses behind the first guards: operations projected to HTTP, streams, and what is not there.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { routes } from '../operations/routes.ts';
import type { Route, RouteName, Scope } from '../operations/routes.ts';
import { requireRight, requireScope } from './auth.ts';
import { bodyTooLarge, checkSize, checkType, hasBody, isBodyEndless } from './guards.ts';
import { readInput, takesBody } from './input.ts';
import { parseJsonBody } from './json-body.ts';
import { describeApi } from './openapi.ts';
import { answerFor, plainHeaders } from './problem-details.ts';
import type { Answer } from './problem-details.ts';
import { mountStreams } from './stream-routes.ts';
import type { StreamRouteOptions } from './stream-routes.ts';

export interface AppOptions extends Omit<StreamRouteOptions, 'guard'> {
  readonly operations: readonly Operation[];
  readonly version: string;
  readonly bodyLimit: number;
  /** An answer of which no byte leaves for this long is cut; ms. */
  readonly answerStallMs: number;
  /** The caller that was authenticated for this request. */
  callerOf(request: IncomingMessage): Caller;
  /** Throws while intake is closed. */
  requireIntake(): void;
  /** Writes the answer to the log, with the fault behind it if it is one of ours. */
  record(request: IncomingMessage, answer: Answer, error: unknown): void;
  /** Called when the answer of an operation is out. */
  answered?(name: RouteName): void;
}

/** What puts work into the queue, and is refused while Homer drains. */
const intake: ReadonlySet<RouteName> = new Set<RouteName>(['jobs.create', 'jobs.retry']);

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
  const guard = (request: FastifyRequest, scope: Scope, name: RouteName | null = null): Caller => {
    const caller = options.callerOf(request.raw);
    if (name === null) requireScope(caller, scope);
    else requireRight(caller, routes[name]);
    if (name !== null && intake.has(name)) options.requireIntake();
    checkType(request.raw);
    checkSize(request.raw, options.bodyLimit);
    return caller;
  };
  project(app, options, guard);
  mountStreams(app, { ...options, guard });
  let document: string | null = null;
  app.get('/openapi.json', (request, reply) => {
    options.takeRate(guard(request, 'read'));
    document ??= JSON.stringify(describeApi(options.operations, options.version));
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
  guard: (request: FastifyRequest, scope: Scope, name: RouteName) => Caller,
): void {
  for (const operation of options.operations) {
    const route: Route = routes[operation.name];
    app.route({
      method: route.method,
      url: route.path,
      // Before the body is read: nobody without the right to send one makes Homer read it.
      onRequest: (request, _reply, done) => {
        try {
          guard(request, route.scope, operation.name);
          done();
        } catch (error) {
          done(error as Error);
        }
      },
      handler: async (request, reply) => {
        const caller = options.callerOf(request.raw);
        const isUnread = !takesBody(route.method) && hasBody(request.raw);
        const input = readInput(
          operation.input,
          route.method,
          {
            params: request.params as Record<string, unknown>,
            query: request.query as Record<string, unknown>,
            body: isUnread ? null : request.body,
            headers: request.raw.headersDistinct,
          },
          route.headers,
        );
        options.takeRate(caller);
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const outcome = await operation.handle(input, caller, gone.signal);
        return sendJson(reply, outcome.status ?? 200, JSON.stringify(outcome.output ?? null), options);
      },
      onResponse: (_request, _reply, done) => {
        options.answered?.(operation.name);
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
  const answer = answerFor(translate(error, options.bodyLimit));
  options.record(request.raw, answer, error);
  if (isBodyEndless(request.raw, options.bodyLimit)) reply.header('connection', 'close');
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
