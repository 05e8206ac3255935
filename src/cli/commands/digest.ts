// `homer digest`: what happened since a time, on one screen.

import { HomerError } from '../../core/errors.ts';
import { parseSpan } from '../../core/span.ts';
import type { DigestAnswer } from '../answers.ts';
import { drawDigest } from '../digest-screen.ts';
import { report, type Context } from '../context.ts';
import { connectFrom } from '../run-access.ts';

/** `since`: a span back from now, or ISO 8601. */
export async function digest(context: Context, since: string): Promise<number> {
  const client = await connectFrom(context);
  const query = { since: momentOf(since) };
  const answer = await client.call<DigestAnswer>('digest.get', { query });
  const { palette, columns } = context.terminal;
  report(context, answer, drawDigest(answer, { palette, columns, now: Date.now() }));
  return 0;
}

function momentOf(text: string): string {
  const ms = parseSpan(text);
  const at = ms === null ? Date.parse(text) : Date.now() - ms;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new HomerError('HOMER_USAGE', `${JSON.stringify(text)} is no time.`, {
    hint: 'Give a span such as 8h or 2d, or a time such as 2026-12-24T18:00.',
  });
}
