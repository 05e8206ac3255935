// What the gateway has to know of the ledger's tokens.

import type { TokenBook } from '../gateway/auth.ts';
import type { Ledger } from '../ledger/ledger.ts';

export function openTokenBook(ledger: Ledger): TokenBook {
  const { runTokens, tokens } = ledger;
  /** Being written: many requests may come before it is. */
  const underWay = new Set<string>();
  return {
    runs: runTokens,
    tokens,
    used(token) {
      if (underWay.has(token.id) || !tokens.isUseNews(token, ledger.now())) return;
      underWay.add(token.id);
      ledger
        .commit(() => tokens.touch(token.id, ledger.now()))
        // When a token was used last is not worth an error; the writer tells of the disk.
        .catch(() => undefined)
        .finally(() => underWay.delete(token.id));
    },
  };
}
