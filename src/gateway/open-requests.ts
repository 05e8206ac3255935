// What is being answered, by the token that asked: a token that is revoked takes with it what it has opened.

import type { ServerResponse } from 'node:http';

export interface OpenRequests {
  add(tokenId: string, response: ServerResponse): void;
  /** Cuts them, after a moment in which an answer that is on its way (to the one who revoked himself) arrives. */
  cut(tokenId: string): void;
}

const politeMs = 500;

export function createOpenRequests(): OpenRequests {
  const open = new Map<string, Set<ServerResponse>>();
  return {
    add(tokenId, response) {
      const own = open.get(tokenId) ?? new Set();
      open.set(tokenId, own);
      own.add(response);
      response.once('close', () => {
        own.delete(response);
        if (own.size === 0 && open.get(tokenId) === own) open.delete(tokenId);
      });
    },
    cut(tokenId) {
      const own = open.get(tokenId);
      if (own === undefined) return;
      // Those that come later came with a token that was good.
      open.delete(tokenId);
      setTimeout(() => {
        for (const response of own) response.destroy();
      }, politeMs).unref();
    },
  };
}
