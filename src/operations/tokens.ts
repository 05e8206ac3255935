// Operations on tokens: made, listed, given another text, revoked. The text of one is told once, in the answer that made it.

import { randomFillSync } from 'node:crypto';
import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { createChance, isTokenId, newTokenId } from '../core/ids.ts';
import { allScopes, scopes, withIncluded, type Scope } from '../core/scope.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isGood, newTokenText, type TokenRecord } from '../ledger/tokens.ts';
import { defineOperation, type Operation } from './operation.ts';
import { earlier, giverOf, ownerId, requireAll, requireAncestor } from './token-rights.ts';

/** The token in `$HOMER_HOME/token`. */
export interface OwnerToken {
  /** Puts another one into the file, and lets only that in from now on; returns it. */
  rotate(): string;
}

export const tokenView = z.object({
  /** `owner`, or an id. */
  id: z.string(),
  kind: z.enum(['owner', 'token', 'browser']),
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  /** `held`: of a ledger that was restored or moved and is not released yet. */
  state: z.enum(['good', 'expired', 'revoked', 'held']),
  /** Who made it: `owner`, or an id. */
  parent: z.string().nullable(),
  createdAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  /** To within ten minutes. */
  lastUsedAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});

export type TokenView = z.infer<typeof tokenView>;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function viewToken(token: TokenRecord, now: number): TokenView {
  const { id, kind, name, parent, isHeld } = token;
  const ended = token.revokedAt === null ? 'expired' : 'revoked';
  const state = isGood(token, now) ? 'good' : isHeld && token.revokedAt === null ? 'held' : ended;
  return {
    id,
    kind,
    name,
    scopes: [...token.scopes],
    state,
    parent,
    createdAt: iso(token.createdAt),
    expiresAt: iso(token.expiresAt),
    lastUsedAt: iso(token.lastUsedAt),
    revokedAt: iso(token.revokedAt),
  };
}

const ownerView: TokenView = {
  id: ownerId,
  kind: 'owner',
  name: ownerId,
  scopes: [...allScopes],
  state: 'good',
  parent: null,
  createdAt: null,
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
};

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'is no name: letters, digits, ".", "_" and "-", at most 32')
  .refine((text) => text !== ownerId && !isTokenId(text), 'is taken for something else');
const byId = z.strictObject({ id: z.string().max(32) });
const told = z.object({
  token: tokenView,
  /** Told this once. */
  text: z.string(),
});

export function tokenOperations(ledger: Ledger, owner: OwnerToken): readonly Operation[] {
  const { tokens } = ledger;
  const chance = createChance(randomFillSync);
  const find = (id: string): TokenRecord => {
    const token = tokens.get(id);
    if (token.revokedAt !== null)
      throw new HomerError('HOMER_TOKEN_REVOKED', `The token "${token.name}" was revoked.`);
    return token;
  };
  return [
    defineOperation({
      name: 'tokens.list',
      input: z.strictObject({}),
      output: z.object({ tokens: z.array(tokenView) }),
      async handle() {
        const now = ledger.now();
        return { output: { tokens: [ownerView, ...tokens.list().map((token) => viewToken(token, now))] } };
      },
    }),
    defineOperation({
      name: 'tokens.create',
      input: z.strictObject({
        name,
        scopes: z.array(z.enum(scopes)).min(1),
        expiresAt: z.iso.datetime().optional(),
      }),
      output: told,
      async handle(asked, caller) {
        const wanted: ReadonlySet<Scope> = withIncluded(asked.scopes);
        requireAll(caller, wanted);
        const now = ledger.now();
        const giver = giverOf(tokens, caller);
        const expiresAt = earlier(
          asked.expiresAt === undefined ? null : Date.parse(asked.expiresAt),
          giver.endsAt,
        );
        if (expiresAt !== null && expiresAt <= now)
          throw new HomerError('HOMER_INPUT_INVALID', 'expiresAt: is over already.');
        const [id, text] = [newTokenId(now, chance(now)), newTokenText()];
        const made = {
          kind: 'token',
          name: asked.name,
          scopes: wanted,
          parent: giver.id,
          expiresAt,
        } as const;
        await ledger.commit(() => tokens.add(id, text, made, now));
        return { output: { token: viewToken(tokens.get(id), now), text } };
      },
    }),
    defineOperation({
      name: 'tokens.rotate',
      input: byId,
      output: told,
      async handle({ id }, caller) {
        const giver = giverOf(tokens, caller);
        if (id === ownerId) {
          if (giver.id !== ownerId)
            throw new HomerError('HOMER_SCOPE_MISSING', "Only the owner may replace the owner's token.");
          const text = owner.rotate();
          await ledger.commit(() => tokens.revokeChildren(ownerId, ledger.now(), 'browser'));
          return { output: { token: ownerView, text } };
        }
        const text = newTokenText();
        const token = await ledger.commit(() => {
          const found = find(id);
          if (found.kind === 'browser')
            throw new HomerError('HOMER_TOKEN_UNKNOWN', 'The login of a browser has no text to replace.', {
              hint: 'Revoke it; `homer open` logs a browser in.',
            });
          requireAncestor(tokens, giver.id, found);
          tokens.replace(found.id, text);
          tokens.revokeChildren(found.id, ledger.now(), 'browser');
          return found;
        });
        return { output: { token: viewToken(tokens.get(token.id), ledger.now()), text } };
      },
    }),
    defineOperation({
      name: 'tokens.revoke',
      input: byId,
      output: z.object({
        /** How many ended: this one and those made by it. */
        revoked: z.int(),
      }),
      async handle({ id }) {
        if (id === ownerId)
          throw new HomerError('HOMER_INPUT_INVALID', "The owner's token cannot be revoked.", {
            hint: '`homer token rotate` replaces it.',
          });
        const revoked = await ledger.commit(() => tokens.revoke(find(id).id, ledger.now()));
        return { output: { revoked } };
      },
    }),
  ];
}
