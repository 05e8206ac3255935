// Connections by the token that asks over them: one client cannot hold all that there are.

import type { Socket } from 'node:net';
import { HomerError } from '../core/errors.ts';

export interface ConnectionShares {
  /** A request of this token came over this connection. Throws HOMER_RATE_LIMITED when it is one too many. */
  take(tokenId: string, socket: Socket): void;
}

export function createConnectionShares(most: number): ConnectionShares {
  const held = new Map<string, Set<Socket>>();
  /** A proxy may bring requests of several over one connection: it is of whoever asked last. */
  const holders = new WeakMap<Socket, string>();

  const drop = (socket: Socket): void => {
    const tokenId = holders.get(socket);
    if (tokenId === undefined) return;
    const own = held.get(tokenId);
    own?.delete(socket);
    if (own?.size === 0) held.delete(tokenId);
  };

  return {
    take(tokenId, socket) {
      const before = holders.get(socket);
      if (before === tokenId || socket.destroyed) return;
      const own = held.get(tokenId) ?? new Set();
      if (own.size >= most)
        throw new HomerError('HOMER_RATE_LIMITED', `There are ${own.size} connections of this token.`, {
          details: { retryAfter: 5 },
          hint: 'Use a connection for more than one request, or close those that are not needed any more.',
        });
      drop(socket);
      held.set(tokenId, own.add(socket));
      holders.set(socket, tokenId);
      if (before === undefined) socket.once('close', () => drop(socket));
    },
  };
}
