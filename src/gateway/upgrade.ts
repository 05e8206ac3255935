// Requests that ask for a WebSocket: the same first guards as any other, answered by hand when they are refused.

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { HomerError, isHomerError } from '../core/errors.ts';
import type { Caller } from '../operations/operation.ts';
import { checkHost, checkOrigin, type Names } from './guards.ts';
import { answerFor, type Answer } from './problem-details.ts';
import type { Sockets } from './ws/sockets.ts';

export interface SocketDoorOptions {
  names(): Names;
  authenticate(request: IncomingMessage): Caller;
  record(request: IncomingMessage, answer: Answer, error: unknown): void;
}

export interface SocketDoor {
  /** From here on upgrades are accepted; `bring` is called with the first one, since most daemons never see any. */
  open(bring: () => Promise<Sockets>): void;
  /** Closes what was opened with a token that counts no more. */
  revoke(tokenId: string): void;
  /** Tells all to come back later. */
  close(): void;
}

/** Answers the upgrades of a server. */
export function createSocketDoor(server: Server, options: SocketDoorOptions): SocketDoor {
  let bring: (() => Promise<Sockets>) | null = null;
  let bringing: Promise<Sockets> | null = null;
  let sockets: Sockets | null = null;
  let isClosed = false;

  /** By its header or its cookie; null: neither came, and the first message has to say. */
  const callerOf = (request: IncomingMessage): Caller | null => {
    try {
      return options.authenticate(request);
    } catch (error) {
      if (request.headers.authorization === undefined && isHomerError(error, 'HOMER_TOKEN_MISSING'))
        return null;
      throw error;
    }
  };

  const accept = async (request: IncomingMessage, wire: Socket, head: Buffer): Promise<void> => {
    checkHost(request, options.names());
    checkOrigin(request, options.names());
    requireOriginOfCookie(request);
    const caller = callerOf(request);
    if (bring === null) throw new HomerError('HOMER_STARTING', 'The ledger is not open yet.');
    sockets = await (bringing ??= bring());
    if (isClosed) {
      sockets.close();
      throw new HomerError('HOMER_DRAINING', 'Homer is stopping.');
    }
    sockets.accept(request, wire, head, caller);
  };

  server.on('upgrade', (request: IncomingMessage, wire: Socket, head: Buffer) => {
    // A connection that breaks while it is refused concerns nobody.
    wire.on('error', () => wire.destroy());
    accept(request, wire, head).catch((error: unknown) => {
      const answer = answerFor(error);
      options.record(request, answer, error);
      refuse(wire, answer);
    });
  });

  return {
    open(brought) {
      bring = brought;
    },
    revoke: (tokenId) => sockets?.revoke(tokenId),
    close() {
      isClosed = true;
      sockets?.close();
    },
  };
}

/** A browser says where a WebSocket comes from; who brings its cookies and does not say so is none. */
function requireOriginOfCookie({ headers }: IncomingMessage): void {
  if (headers.cookie !== undefined && headers.origin === undefined)
    throw new HomerError('HOMER_ORIGIN_REFUSED', 'A cookie came without an Origin.');
}

/** Answers a request that no framework answers, and closes its connection. */
export function refuse(wire: Socket, { status, headers, body }: Answer): void {
  const fields = { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  wire.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${body}`, () => wire.destroySoon());
}
