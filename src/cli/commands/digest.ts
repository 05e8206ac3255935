// `homer digest`: what happened since a time, on one screen.

import type { DigestAnswer } from '../answers.ts';
import { drawDigest } from '../digest-screen.ts';
import { report, type Context } from '../context.ts';
import { momentOf } from '../moment.ts';
import { connectFrom } from '../run-access.ts';

/** `since`: a span back from now, or ISO 8601. */
export async function digest(context: Context, since: string): Promise<number> {
  const client = await connectFrom(context);
  const query = { since: new Date(momentOf(since)).toISOString() };
  const answer = await client.call<DigestAnswer>('digest.get', { query });
  const { palette, columns } = context.terminal;
  report(context, answer, drawDigest(answer, { palette, columns, now: Date.now() }));
  return 0;
}
