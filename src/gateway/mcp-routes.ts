// `/mcp`: the Model Context Protocol over streamable HTTP. What is behind it is loaded with the first request; the guards are those
// of every route, and each tool asks for its operations as its caller.

import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isHomerError, messageOf } from '../core/errors.ts';
import { loggable } from '../core/loggable.ts';
import type { Desk } from '../mcp/desk.ts';
import type { AnswerRequest } from '../mcp/open.ts';
import type { Caller } from '../operations/operation.ts';
import type { Performer } from '../operations/perform.ts';
import { requireRight } from '../operations/rights.ts';
import { routes } from '../operations/routes.ts';
import type { Log } from './log.ts';
import { answerFor, plainHeaders } from './problem-details.ts';

export const mcpPath = '/mcp';

type HttpDesk = Omit<Desk, 'patienceMs'>;

export interface McpRouteOptions {
  readonly performer: Performer;
  readonly version: string;
  readonly log: Log;
  readonly answerStallMs: number;
  callerOf(request: FastifyRequest['raw']): Caller;
  /** The guards of type and size. */
  checkHead(request: FastifyRequest): void;
  takeRate(caller: Caller): void;
  peerOf(request: FastifyRequest['raw']): string;
  readonly redact: (text: string) => string;
}

export function mountMcp(app: FastifyInstance, options: McpRouteOptions): void {
  const desks = new WeakMap<Request, HttpDesk>();
  let opened: Promise<AnswerRequest> | null = null;
  const open = (): Promise<AnswerRequest> =>
    import('../mcp/open.ts').then(({ openHttpDoor }) =>
      openHttpDoor(
        (request) => {
          const desk = desks.get(request);
          if (desk === undefined) throw new Error('a request passed without its caller');
          return desk;
        },
        options.version,
        (error) => options.log.info({ path: mcpPath, why: loggable(messageOf(error)) }, 'mcp: refused'),
      ),
    );

  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: mcpPath,
    // Before the body is read.
    onRequest: (request, _reply, done) => {
      try {
        options.checkHead(request);
        options.takeRate(options.callerOf(request.raw));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    handler: async (request, reply) => {
      // Each message of a batch counts like a request of its own.
      if (Array.isArray(request.body))
        for (const _ of request.body.slice(1)) options.takeRate(options.callerOf(request.raw));
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const asked = webRequest(request, gone.signal);
      desks.set(asked, deskFor(options, request, gone.signal));
      opened ??= open();
      const answer = await (await opened)(asked, request.body ?? undefined);
      reply.hijack();
      await send(answer, reply.raw, options.answerStallMs, gone.signal);
    },
  });
}

/** The head as the SDK wants it; who asks was found out before, so it never sees the token. */
function webRequest(request: FastifyRequest, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.raw.headersDistinct))
    if (name !== 'authorization' && name !== 'cookie')
      for (const value of values ?? []) headers.append(name, value);
  return new Request(`http://127.0.0.1${mcpPath}`, { method: request.method, headers, signal });
}

function deskFor(options: McpRouteOptions, request: FastifyRequest, gone: AbortSignal): HttpDesk {
  const { performer, redact, log } = options;
  const caller = options.callerOf(request.raw);
  const from = { face: 'mcp', peer: options.peerOf(request.raw) };
  return {
    jobId: caller.run?.jobId ?? null,
    mayCall(name) {
      try {
        requireRight(caller, routes[name]);
        return true;
      } catch (error) {
        if (isHomerError(error, 'HOMER_SCOPE_MISSING')) return false;
        throw error;
      }
    },
    async call(name, input, signal) {
      const call = { name, input, caller, from, gone: AbortSignal.any([gone, signal]) };
      // What the operation gives is what its schema, from which the type is made, says.
      return (await performer.perform(call)).output as never;
    },
    explain(error) {
      if (!isHomerError(error)) return redact(messageOf(error));
      const { problem, faultId } = answerFor(error, redact);
      if (faultId !== null) log.error({ faultId, path: mcpPath, error: error.stack }, 'a tool failed');
      const { choices } = error.details;
      const more = choices === undefined ? '' : ` ${redact(JSON.stringify(choices))}`;
      return `${problem.code}: ${problem.detail} ${problem.hint}${more}`;
    },
  };
}

/** Ends early when nobody reads any more, or takes a byte for too long. */
async function send(
  answer: Response,
  response: ServerResponse,
  stallMs: number,
  gone: AbortSignal,
): Promise<void> {
  const { socket } = response;
  // Fires only while bytes wait: a stream of a tool that is at work is kept alive by comments.
  socket?.setTimeout(stallMs);
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...plainHeaders });
  response.flushHeaders();
  if (answer.body === null) {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.fromWeb(answer.body), response, { signal: gone });
  } catch (error) {
    // Whoever asked has gone; what was asked for is told so by the same signal.
    if (!gone.aborted) throw error;
  }
}
