// Who asks. Tokens are compared by their SHA-256, and only the server says what a token may do.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HomerError, type ErrorCode } from '../core/errors.ts';
import { allScopes } from '../core/scope.ts';
import { createBuckets } from '../core/token-bucket.ts';
import { isRunToken, type RunTokens } from '../ledger/run-tokens.ts';
import { isStoredToken, type TokenKind, type TokenRecord, type Tokens } from '../ledger/tokens.ts';
import type { Caller } from '../operations/operation.ts';
import { checkCookieUse, readCookie } from './cookie.ts';
import { createExpiries } from './expiries.ts';

/** A token and whom it stands for. */
export interface Grant {
  readonly token: string;
  readonly caller: Caller;
}

export const ownerId = 'owner';

/** The owner's own token, the content of `$HOMER_HOME/token`. */
export function ownerGrant(token: string): Grant {
  return {
    token,
    caller: { tokenId: ownerId, scopes: allScopes, isOwner: true, source: `http:${ownerId}` },
  };
}

/** What the ledger knows of tokens. */
export interface TokenBook {
  readonly runs: Pick<RunTokens, 'verify'>;
  readonly tokens: Pick<Tokens, 'verify' | 'onRevoked'>;
  /** Called when one was used; once in a while is enough. */
  used?(token: TokenRecord): void;
  /** Called when somebody showed one that is none, with the code of the refusal. */
  refused?(peer: string, code: ErrorCode): void;
}

export interface Authenticator {
  /**
   * The caller behind `Authorization: Bearer`, or else behind the cookie of a browser that was logged in. Throws
   * HOMER_TOKEN_MISSING, HOMER_TOKEN_WRONG, HOMER_RUN_ENDED, HOMER_ORIGIN_REFUSED for a cookie that another page may have
   * sent along, or HOMER_RATE_LIMITED (`details.retryAfter`, seconds) for a peer that guesses; a right token is let through
   * however many were wrong.
   */
  authenticate(request: IncomingMessage): Caller;
  /** The same for a token that came in another way than a header; `peer` as `peerOf` has it. */
  authenticateToken(token: string, peer: string): Caller;
  /**
   * Calls back with the `tokenId` of callers whose token is good no more: revoked, replaced or expired. Whatever is open in
   * their name has to be closed. Returns how to end that.
   */
  onRevoked(listener: (tokenId: string) => void): () => void;
  /** The ledger is open. */
  useBook(book: TokenBook): void;
  /** The owner's token is another one from now on. */
  replaceOwner(token: string): void;
  close(): void;
}

/** Wrong tokens of one peer: twenty at once, then one every three seconds. */
const guesses = { burst: 20, perSecond: 1 / 3 };
/** A blank token would let everybody in; whoever asks for one gets nobody in instead. */
const shortestToken = 16;

export interface AuthenticatorOptions {
  readonly grants: readonly Grant[];
  /** ms of a clock that only goes forward. */
  readonly now: () => number;
  /** Where a request comes from. */
  readonly peerOf: (request: IncomingMessage) => string;
  /** The bound one, which the name of the cookie has in it. */
  readonly port: () => number;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const known = new Map<string, { readonly digest: Buffer; readonly caller: Caller }>();
  const grant = ({ token, caller }: Grant): void => {
    known.delete(caller.tokenId);
    if (token.length >= shortestToken) known.set(caller.tokenId, { digest: digestOf(token), caller });
  };
  for (const each of options.grants) grant(each);
  const buckets = createBuckets(guesses, options.now);
  const listeners = new Set<(tokenId: string) => void>();
  const tell = (tokenId: string): void => {
    for (const listener of listeners) listener(tokenId);
  };
  const expiries = createExpiries(tell);
  let book: TokenBook | null = null;
  let forget = (): void => undefined;

  /** null: not a token that is kept in the ledger, or one that is good no more. */
  const callerInBook = (token: string, kind: TokenKind): Caller | null => {
    const isOfRun = isRunToken(token);
    if (!isOfRun && !isStoredToken(token)) return null;
    // A run that outlived the daemon, or a client, must not take its token for a wrong one.
    if (book === null) throw new HomerError('HOMER_STARTING', 'The ledger is not open yet.');
    if (isOfRun) return kind === 'token' ? callerOfRun(token, book.runs) : null;
    const found = book.tokens.verify(token, kind, Date.now());
    if (found === null) return null;
    expiries.watch(found.id, found.expiresAt);
    book.used?.(found);
    return callerOf(found);
  };

  const refuse = (peer: string): HomerError => {
    const retryAfter = buckets.take(peer);
    const code = retryAfter > 0 ? 'HOMER_RATE_LIMITED' : 'HOMER_TOKEN_WRONG';
    book?.refused?.(peer, code);
    return code === 'HOMER_RATE_LIMITED'
      ? new HomerError(code, 'Too many wrong tokens came from this address.', { details: { retryAfter } })
      : new HomerError(code, 'The token is not one that Homer knows.');
  };

  const authenticateToken = (token: string, peer: string): Caller => {
    const digest = digestOf(token);
    let found: Caller | null = null;
    for (const each of known.values()) if (timingSafeEqual(each.digest, digest)) found = each.caller;
    found ??= callerInBook(token, 'token');
    if (found === null) throw refuse(peer);
    return found;
  };

  return {
    authenticateToken,
    authenticate(request) {
      const { authorization } = request.headers;
      const peer = options.peerOf(request);
      const cookie = authorization === undefined ? readCookie(request, options.port()) : null;
      if (cookie !== null) {
        // Before it is looked at: another page must not even learn whether it is good.
        checkCookieUse(request);
        const found = callerInBook(cookie, 'browser');
        if (found === null) throw refuse(peer);
        return found;
      }
      const presented = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
      if (presented === undefined)
        throw new HomerError('HOMER_TOKEN_MISSING', 'The request carries no `Authorization: Bearer` header.');
      return authenticateToken(presented, peer);
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    useBook(opened) {
      forget();
      book = opened;
      forget = opened.tokens.onRevoked(tell);
    },
    replaceOwner(token) {
      grant(ownerGrant(token));
      tell(ownerId);
    },
    close() {
      forget();
      expiries.close();
    },
  };
}

/** A browser acts for whoever let it in. */
function callerOf({ id, kind, parent, scopes }: TokenRecord): Caller {
  const source = `http:${kind === 'browser' ? parent : id}`;
  return { tokenId: id, scopes, isOwner: scopes.has('admin'), source };
}

/** null: forged. A run has no scopes; what is open to runs says its route. */
function callerOfRun(token: string, runs: Pick<RunTokens, 'verify'>): Caller | null {
  const claim = runs.verify(token);
  if (claim === 'ended')
    throw new HomerError('HOMER_RUN_ENDED', 'The token was made for a run that has ended.');
  if (claim === null) return null;
  const { jobId, runId } = claim;
  const run = { jobId, runId };
  return { tokenId: `run:${runId}`, scopes: new Set(), isOwner: false, source: `run:${jobId}`, run };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
