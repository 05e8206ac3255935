// What the gateway has to know of the ledger's tokens, and the owner's token while the daemon runs.

import { rotateToken } from '../config/token.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { TokenBook } from '../gateway/auth.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OwnerToken } from '../operations/tokens.ts';
import type { KnownSecrets } from './known-secrets.ts';

export interface LiveOwnerToken extends OwnerToken {
  readonly current: () => string;
}

/** The owner's token, which may become another one. */
export function ownerTokenOf(
  home: string,
  first: string,
  gateway: Pick<Gateway, 'replaceOwner'>,
  secrets: Pick<KnownSecrets, 'addOwner'>,
): LiveOwnerToken {
  let token = first;
  secrets.addOwner(first);
  return {
    current: () => token,
    rotate() {
      // The file first: once it is written, whoever reads it must be let in.
      token = rotateToken(home);
      secrets.addOwner(token);
      gateway.replaceOwner(token);
      return token;
    },
  };
}

export function openTokenBook(ledger: Ledger): TokenBook {
  const { runTokens, tokens, audit } = ledger;
  /** Being written: many requests may come before it is. */
  const underWay = new Set<string>();
  return {
    runs: runTokens,
    tokens,
    refused(peer, code) {
      audit.refuse({ who: '-', source: '-', what: 'authenticate', face: 'http', peer }, code);
    },
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
