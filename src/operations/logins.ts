// Logging a browser in: a code, good once and for a minute, becomes a cookie. The code may be seen in an address, the
// cookie by nobody but the browser.

import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { z } from 'zod';
import { HomerError } from '../core/errors.ts';
import { createChance, newTokenId } from '../core/ids.ts';
import type { Scope } from '../core/scope.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { newTokenText } from '../ledger/tokens.ts';
import { defineOperation, type Operation } from './operation.ts';
import { earlier, giverOf, ownerId } from './token-rights.ts';

export interface Login {
  /** What goes into the cookie. */
  readonly text: string;
  /** ms since the epoch. */
  readonly expiresAt: number;
}

export interface LoginDesk {
  /** Takes a code and logs in whoever has it, as `browser` (for people to read) at `peer`. HOMER_LOGIN_CODE. */
  redeem(code: string, browser: string, peer: string): Promise<Login>;
}

interface Offer {
  readonly giver: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly endsAt: number | null;
  readonly goodUntil: number;
}

export const codeMs = 60_000;
/** Codes that wait; more than a person opens within a minute, the oldest are void. */
const mostCodes = 20;
const loginMs = 30 * 86_400_000;

export function openLogins(
  ledger: Ledger,
  port: number,
): { readonly desk: LoginDesk; readonly operations: readonly Operation[] } {
  const { tokens, audit } = ledger;
  const offers = new Map<string, Offer>();
  const chance = createChance(randomFillSync);

  const take = (code: string): Offer | null => {
    const digest = digestOf(code);
    const offer = offers.get(digest);
    offers.delete(digest);
    return offer !== undefined && ledger.now() < offer.goodUntil ? offer : null;
  };

  const desk: LoginDesk = {
    async redeem(code, browser, peer) {
      const from = { what: 'logins.redeem', face: 'http', peer };
      const offer = take(code);
      if (offer === null || !isStillGood(ledger, offer)) {
        audit.refuse({ who: '-', source: '-', ...from }, 'HOMER_LOGIN_CODE');
        throw new HomerError('HOMER_LOGIN_CODE', 'This code was used before, is too old, or never was one.');
      }
      const { giver, scopes, endsAt } = offer;
      const now = ledger.now();
      const expiresAt = earlier(now + loginMs, endsAt) ?? now + loginMs;
      const [id, text] = [newTokenId(now, chance(now)), newTokenText()];
      const note = audit.begin({ who: giver, source: `http:${giver}`, ...from });
      await ledger.commit(() =>
        tokens.add(id, text, { kind: 'browser', name: browser, scopes, parent: giver, expiresAt }, now),
      );
      note.end('ok', id);
      return { text, expiresAt };
    },
  };

  const offer = defineOperation({
    name: 'logins.offer',
    input: z.strictObject({}),
    output: z.object({ code: z.string(), url: z.string(), expiresAt: z.iso.datetime() }),
    async handle(_, caller) {
      const { id: giver, endsAt } = giverOf(tokens, caller);
      const code = randomBytes(24).toString('base64url');
      const goodUntil = ledger.now() + codeMs;
      const [oldest] = offers.keys();
      if (offers.size >= mostCodes && oldest !== undefined) offers.delete(oldest);
      offers.set(digestOf(code), { giver, scopes: caller.scopes, endsAt, goodUntil });
      const url = `http://127.0.0.1:${port}/login?code=${code}`;
      return { output: { code, url, expiresAt: new Date(goodUntil).toISOString() } };
    },
  });
  return { desk, operations: [offer] };
}

/** Whoever offered it may have been revoked meanwhile. */
function isStillGood({ tokens }: Ledger, { giver }: Offer): boolean {
  return giver === ownerId || tokens.get(giver).revokedAt === null;
}

function digestOf(code: string): string {
  return createHash('sha256').update(code).digest('base64');
}
