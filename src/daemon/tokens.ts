// What the gateway has to know of the ledger's tokens.

import type { TokenBook } from '../gateway/auth.ts';
import type { Ledger } from '../ledger/ledger.ts';

export function openTokenBook({ runTokens, tokens, commit, now }: Ledger): TokenBook {
  /** Being written: many requests may come before it is. */
  const underWay = new Set<string>();
  return {
    runs: runTokens,
    tokens,
    used(token) {
      if (underWay.has(token.id) || !tokens.isUseNews(token, now())) return;
      underWay.add(token.id);
      commit(() => tokens.touch(token.id, now()))
        // When a token was used last is not worth an error; the writer tells of the disk.
        .catch(() => undefined)
        .finally(() => underWay.delete(token.id));
    },
  };
}
