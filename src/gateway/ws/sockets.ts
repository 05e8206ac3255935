// The WebSockets of the gateway: who may open one, who is still there, and how all of them end.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { HomerError } from '../../core/errors.ts';
import { closeCodes } from '../../core/wire.ts';
import type { Caller } from '../../operations/operation.ts';
import { answerFor } from '../problem-details.ts';
import { refuse } from '../upgrade.ts';
import { Connection, requireLasting, type Desk } from './connection.ts';
import { notification } from './frames.ts';

export interface SocketsOptions extends Omit<Desk, 'admitted' | 'requireRoom'> {
  /** The longest message, bytes. */
  readonly messageBytes: number;
  readonly heartbeatMs: number;
  /** Where a request comes from, as one key. */
  peerOf(request: IncomingMessage): string;
  /** How the daemon is, for ticks. */
  daemon(): Promise<string>;
  /** There are this many now, of which HTTP need not take notice. */
  onCount(authenticated: number): void;
}

export interface Sockets {
  /** Takes over the connection of a request that passed the guards; throws HOMER_RATE_LIMITED or HOMER_SCOPE_MISSING before that. */
  accept(request: IncomingMessage, wire: Socket, head: Buffer, caller: Caller | null): void;
  /** Closes the connections that came with a token that counts no more. */
  revoke(tokenId: string): void;
  /** Tells all to come back later, and ends those that do not go. */
  close(): void;
  readonly count: number;
}

export function createSockets(options: SocketsOptions): Sockets {
  const { limits, hub } = options;
  const settings = {
    noServer: true,
    clientTracking: false,
    // Its windows would cost every connection some 100 KB, and nothing here leaves the machine.
    perMessageDeflate: false,
    maxPayload: options.messageBytes,
    maxFragments: 256,
    // The types of the library do not know it yet.
    closeTimeout: limits.closeMs,
  } as const;
  const server = new WebSocketServer(settings);
  server.on('wsClientError', (error, wire) => {
    const refusal = new HomerError(
      'HOMER_INPUT_INVALID',
      `The upgrade cannot be answered: ${error.message}.`,
      {
        hint: 'Ask for version 13 of WebSocket, with a key; a library does.',
      },
    );
    refuse(wire as Socket, answerFor(refusal));
  });
  const connections = new Set<Connection>();
  const wires = new Set<Socket>();
  let known = 0;
  const count = (change: 1 | -1): void => {
    known += change;
    options.onCount(known);
  };
  const requireRoom = (tokenId: string): void => {
    let own = 0;
    for (const connection of connections) if (connection.tokenId === tokenId) own += 1;
    if (own >= limits.mostSocketsEach) throw tooMany(`${own} open WebSockets of this token`);
  };
  const desk: Desk = { ...options, requireRoom, admitted: () => count(1) };

  const beat = setInterval(() => {
    for (const connection of connections) connection.beat();
  }, options.heartbeatMs);
  const tick = setInterval(() => {
    if (connections.size === 0) return;
    hub.tick();
    options
      .daemon()
      .then((daemon) => {
        const frame = notification('tick', { at: new Date().toISOString(), daemon, cursor: hub.cursor });
        for (const connection of connections) connection.tick(frame);
      })
      .catch((error: unknown) => options.record({ method: 'WS', path: 'tick' }, answerFor(error), error));
  }, limits.tickMs);
  beat.unref();
  tick.unref();

  return {
    get count() {
      return connections.size;
    },
    accept(request, wire, head, caller) {
      if (caller !== null) requireRoom(requireLasting(caller).tokenId);
      if (connections.size >= limits.mostSockets) throw tooMany(`${connections.size} open WebSockets`);
      if (caller === null && connections.size - known >= limits.mostUnauthenticated)
        throw tooMany(`${connections.size - known} WebSockets that have not said who they are`);
      const address = options.peerOf(request);
      const userAgent = request.headers['user-agent'];
      server.handleUpgrade(request, wire, head, (socket) => {
        const connection = new Connection({ socket, wire, address, userAgent, caller, desk });
        connections.add(connection);
        wires.add(wire);
        socket.once('close', () => {
          connections.delete(connection);
          wires.delete(wire);
          if (connection.tokenId !== null) count(-1);
        });
      });
    },
    revoke(tokenId) {
      for (const connection of connections)
        if (connection.tokenId === tokenId)
          connection.close(closeCodes.unauthorized, 'the token was revoked');
    },
    close() {
      clearInterval(beat);
      clearInterval(tick);
      for (const connection of connections) connection.close(closeCodes.goingAway, 'Homer stops; come back');
      setTimeout(() => {
        for (const wire of wires) wire.destroy();
      }, limits.closeMs / 2).unref();
    },
  };
}

function tooMany(what: string): HomerError {
  return new HomerError('HOMER_RATE_LIMITED', `There are ${what}, which is the limit.`, {
    details: { retryAfter: 5 },
    hint: 'Close those that are not needed any more; one connection has room for many topics and calls.',
  });
}
