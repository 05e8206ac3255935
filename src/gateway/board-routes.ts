// The addresses of the board. What is behind them is loaded with the first request; here are only the guards, as every
// route has them: whoever may look needs `read`, whoever acts `operate`.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Scope } from '../core/scope.ts';
import type { Caller } from '../operations/operation.ts';
import type { From } from '../operations/perform.ts';

export interface BoardRequest {
  readonly method: string;
  /** Behind the address of the board, still encoded: `/`, `/api/queues`. */
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly caller: Caller;
  readonly from: From;
  /** Fires when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

export interface BoardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Board {
  /** HOMER_ROUTE_UNKNOWN for what is not there. */
  answer(request: BoardRequest): Promise<BoardAnswer>;
}

export interface BoardPart {
  /** Without it there is no board. */
  readonly board?: Board | undefined;
}

export interface BoardRouteOptions {
  readonly board: Board;
  /** The guards from scope to size, as every route has them. */
  guard(request: FastifyRequest, scope: Scope): Caller;
  takeRate(caller: Caller): void;
  peerOf(request: FastifyRequest['raw']): string;
}

export const boardPath = '/admin/jobs';

export function mountBoard(app: FastifyInstance, options: BoardRouteOptions): void {
  const { board } = options;
  const guard = (request: FastifyRequest): Caller =>
    options.guard(request, request.method === 'GET' ? 'read' : 'operate');
  for (const url of [boardPath, `${boardPath}/*`]) {
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH'],
      url,
      // Before the body is read.
      onRequest: (request, _reply, done) => {
        try {
          options.takeRate(guard(request));
          done();
        } catch (error) {
          done(error as Error);
        }
      },
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const [path = ''] = request.url.slice(boardPath.length).split('?', 1);
        const { status, headers, body } = await board.answer({
          method: request.method,
          path: path === '' ? '/' : path,
          query: request.query as Record<string, unknown>,
          body: request.body,
          caller: guard(request),
          from: { face: 'board', peer: options.peerOf(request.raw) },
          gone: gone.signal,
        });
        return reply.code(status).headers(headers).send(body);
      },
    });
  }
}
