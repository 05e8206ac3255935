// What was asked of Homer and by whom, to be read.

import { z } from 'zod';
import type { Audit, AuditRow } from '../ledger/audit.ts';
import { fromDigits } from './from-digits.ts';
import { defineOperation, type Operation } from './operation.ts';

export const auditView = z.object({
  at: z.iso.datetime(),
  /** `owner`, the id of a token or of a browser's login, `run:ID`, `telegram:CHAT`. */
  who: z.string(),
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

function viewRow({ at, who, source, what, subject, face, peer, result, times }: AuditRow): AuditView {
  return { at: new Date(at).toISOString(), who, source, what, subject, face, peer, result, times };
}

const word = z.string().min(1).max(64).optional();

export function auditOperations(audit: Audit): readonly Operation[] {
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
        const found = audit.list({
          who,
          what,
          refusedOnly: refused === 'true',
          before: cursor,
          limit: limit + 1,
        });
        const shown = found.slice(0, limit);
        const entries = shown.map(viewRow);
        const last = found.length > limit ? shown.at(-1) : undefined;
        return { output: { entries, nextCursor: last === undefined ? null : String(last.seq) } };
      },
    }),
  ];
}
