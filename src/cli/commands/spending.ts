// `homer spending`: what a day cost by lane and executor, and what is left of its budgets.

import type { SpendingAnswer } from '../answers.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { drawSpending } from '../spending-screen.ts';

export async function spending(context: Context, day: string | undefined): Promise<number> {
  const client = await connectFrom(context);
  const answer = await client.call<SpendingAnswer>('spending.get', { query: { day } });
  const { palette, columns } = context.terminal;
  report(context, answer, drawSpending(answer, { palette, columns, now: Date.now() }));
  return 0;
}
