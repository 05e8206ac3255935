// What was asked of Homer and by whom, to be read.

import { z } from 'zod';
import type { Audit, AuditRow } from '../ledger/audit.ts';
import type { Tokens } from '../ledger/tokens.ts';
import { fromDigits } from './from-digits.ts';
import { defineOperation, type Operation } from './operation.ts';

export const auditView = z.object({
  at: z.iso.datetime(),
  /** `owner`, the id of a token or of a browser's login, `run:ID`, `telegram:CHAT`. */
  who: z.string(),
  /** Of that token, where it is still known. */
  whoName: z.string().nullable(),
  source: z.string(),
  /** The operation; `authenticate` for a token that is none. */
  what: z.string(),
  /** What it was done to. */
  subject: z.string().nullable(),
  face: z.string(),
  peer: z.string(),
  /** `ok`, or a code of the catalogue; null: Homer ended before it was known. */
  result: z.string().nullable(),
  /** How often the same was refused within a minute. */
  times: z.int(),
});

export type AuditView = z.infer<typeof auditView>;

type ViewedRow = Omit<AuditRow, 'seq'> & { readonly whoName: string | null };

function viewRow({
  at,
  who,
  whoName,
  source,
  what,
  subject,
  face,
  peer,
  result,
  times,
}: ViewedRow): AuditView {
  return { at: new Date(at).toISOString(), who, whoName, source, what, subject, face, peer, result, times };
}

const word = z.string().min(1).max(64).optional();

export function auditOperations(audit: Audit, tokens: Pick<Tokens, 'list'>): readonly Operation[] {
  return [
    defineOperation({
      name: 'audit.list',
      input: z.strictObject({
        who: word,
        what: word,
        refused: z.enum(['true', 'false']).default('false'),
        limit: z.preprocess(fromDigits, z.int().min(1).max(500)).default(50),
        cursor: z.preprocess(fromDigits, z.int().min(1)).optional(),
      }),
      output: z.object({ entries: z.array(auditView), nextCursor: z.string().nullable() }),
      async handle({ who, what, refused, limit, cursor }) {
        // What has just ended is not on disk yet; on a full disk that has to wait.
        await audit.flush().catch(() => undefined);
        const known = tokens.list();
        const named = known.findLast(({ kind, name }) => kind === 'token' && name === who);
        const found = audit.list({
          who: named?.id ?? who,
          what,
          refusedOnly: refused === 'true',
          before: cursor,
          limit: limit + 1,
        });
        const shown = found.slice(0, limit);
        const names = new Map(known.map(({ id, name }): [string, string] => [id, name]));
        const entries = shown.map((row) => viewRow({ ...row, whoName: names.get(row.who) ?? null }));
        const last = found.length > limit ? shown.at(-1) : undefined;
        return { output: { entries, nextCursor: last === undefined ? null : String(last.seq) } };
      },
    }),
  ];
}
