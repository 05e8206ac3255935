// Who asks. Tokens are compared by their SHA-256 in constant time, and only the server says what a token may do.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HomerError } from '../core/errors.ts';
import { isRunToken, type RunTokens } from '../ledger/run-tokens.ts';
import type { Caller } from '../operations/operation.ts';
import type { Route, Scope } from '../operations/routes.ts';
import { createBuckets } from './token-bucket.ts';

/** A token and whom it stands for. */
export interface Grant {
  readonly token: string;
  readonly caller: Caller;
}

export const ownerScopes: ReadonlySet<Scope> = new Set<Scope>(['read', 'chat', 'operate', 'admin']);

/** The owner's own token, the content of `$HOMER_HOME/token`. */
export function ownerGrant(token: string): Grant {
  return {
    token,
    caller: { tokenId: 'owner', scopes: ownerScopes, isOwner: true, source: 'http:owner' },
  };
}

/** Finds out about tokens of runs; null while the ledger is not open yet. */
export type RunTokenCheck = () => Pick<RunTokens, 'verify'> | null;

export interface Authenticator {
  /**
   * The caller behind `Authorization: Bearer`. Throws HOMER_TOKEN_MISSING, HOMER_TOKEN_WRONG, HOMER_RUN_ENDED, or
   * HOMER_RATE_LIMITED (`details.retryAfter`, seconds) for a peer that guesses; a right token is let through however many
   * were wrong.
   */
  authenticate(request: IncomingMessage): Caller;
}

/** Wrong tokens of one peer: twenty at once, then one every three seconds. */
const guesses = { burst: 20, perSecond: 1 / 3 };

export function createAuthenticator(
  grants: readonly Grant[],
  now: () => number,
  runTokens: RunTokenCheck = () => null,
): Authenticator {
  // A blank token would let everybody in; whoever asks for one gets nobody in instead.
  const known = grants
    .filter(({ token }) => token.length >= 16)
    .map(({ token, caller }) => ({ digest: digestOf(token), caller }));
  const buckets = createBuckets(guesses, now);
  return {
    authenticate(request) {
      const presented = /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
      if (presented === undefined)
        throw new HomerError('HOMER_TOKEN_MISSING', 'The request carries no `Authorization: Bearer` header.');
      const digest = digestOf(presented);
      let found: Caller | null = null;
      for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each.caller;
      found ??= callerOfRun(presented, runTokens);
      if (found !== null) return found;
      const retryAfter = buckets.take(peerOf(request.socket.remoteAddress));
      if (retryAfter > 0)
        throw new HomerError('HOMER_RATE_LIMITED', 'Too many wrong tokens came from this address.', {
          details: { retryAfter },
        });
      throw new HomerError('HOMER_TOKEN_WRONG', 'The token is not one that Homer knows.');
    },
  };
}

/** null: not the token of a run of this ledger. It has no scopes; what is open to runs says its route. */
function callerOfRun(token: string, runTokens: RunTokenCheck): Caller | null {
  if (!isRunToken(token)) return null;
  const tokens = runTokens();
  // A run that outlived the daemon must not take its token for a wrong one.
  if (tokens === null) throw new HomerError('HOMER_STARTING', 'The ledger is not open yet.');
  const claim = tokens.verify(token);
  if (claim === 'ended')
    throw new HomerError('HOMER_RUN_ENDED', 'The token was made for a run that has ended.');
  if (claim === null) return null;
  const { jobId, runId } = claim;
  const run = { jobId, runId };
  return { tokenId: `run:${runId}`, scopes: new Set(), isOwner: false, source: `run:${jobId}`, run };
}

/** Throws HOMER_SCOPE_MISSING unless the caller may ask for what is at this route. */
export function requireRight(caller: Caller, route: Route): void {
  if (caller.run === undefined) requireScope(caller, route.scope);
  else if (route.forRuns !== true)
    throw new HomerError('HOMER_SCOPE_MISSING', 'The token of a run is not for this.', {
      hint: 'A run may create, list, read, await and cancel jobs under its own, and nothing else.',
    });
}

/** Throws HOMER_SCOPE_MISSING, naming the scope, unless the caller has it. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.has(scope))
    throw new HomerError('HOMER_SCOPE_MISSING', `This needs a token with the scope "${scope}".`);
}

/** One key for one peer: an IPv4 address written as IPv6 is the same, and so is all of this machine. */
export function peerOf(address: string | undefined): string {
  const plain = (address ?? 'unknown').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  return plain === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plain) ? 'loopback' : plain;
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
