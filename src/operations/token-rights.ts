// What one token may do to another: nobody gives more, or for longer, than they have themselves.

import { HomerError } from '../core/errors.ts';
import { isTokenId } from '../core/ids.ts';
import type { Scope } from '../core/scope.ts';
import type { TokenRecord, Tokens } from '../ledger/tokens.ts';
import type { Caller } from './operation.ts';

export const ownerId = 'owner';

/**
 * Whose name stands on what this caller makes: the login of a browser acts for whoever let it in, and ends without
 * taking along what was made through it.
 */
export function giverOf(
  tokens: Tokens,
  caller: Caller,
): { readonly id: string; readonly endsAt: number | null } {
  if (!isTokenId(caller.tokenId)) return { id: caller.tokenId, endsAt: null };
  const own = tokens.get(caller.tokenId);
  if (own.kind === 'token') return { id: own.id, endsAt: own.expiresAt };
  if (own.parent === ownerId) return { id: ownerId, endsAt: null };
  const parent = tokens.get(own.parent);
  return { id: parent.id, endsAt: parent.expiresAt };
}

/** HOMER_SCOPE_MISSING for what the caller does not have. */
export function requireAll(caller: Caller, wanted: ReadonlySet<Scope>): void {
  const first = [...wanted].find((scope) => !caller.scopes.has(scope));
  if (first !== undefined)
    throw new HomerError('HOMER_SCOPE_MISSING', `A token cannot give "${first}", which it has not.`);
}

/**
 * HOMER_SCOPE_MISSING unless `token` is the giver's own or was made by it, however far down: the text of any other would be a
 * way to live on after the giver is revoked.
 */
export function requireAncestor(tokens: Tokens, giver: string, token: TokenRecord): void {
  if (giver === ownerId) return;
  for (let id: string = token.id; id !== ownerId; id = tokens.get(id).parent) if (id === giver) return;
  throw new HomerError('HOMER_SCOPE_MISSING', `The token "${token.name}" was not made by this one.`, {
    hint: "Use the owner's token: `homer token rotate` on the machine itself.",
  });
}

/** The earlier of two ends; null is never. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
