// `homer deliveries`: what was said to whom; sending one again, or giving it up.

import { HomerError } from '../../core/errors.ts';
import type { DeliveriesAnswer, Delivery } from '../answers.ts';
import { type Client } from '../client.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { age, firstLine, table, type Cell } from '../format.ts';
import { shortId } from '../job-id.ts';

export type DeliveriesAction = 'list' | 'retry' | 'drop';

export interface DeliveriesOptions {
  readonly state?: string;
  readonly limit: number;
}

export async function deliveries(
  context: Context,
  action: DeliveriesAction,
  id: string | undefined,
  { state, limit }: DeliveriesOptions,
): Promise<number> {
  if (action !== 'list' && id === undefined)
    throw new HomerError('HOMER_USAGE', `Which delivery is meant?`, {
      hint: `homer deliveries ${action} ID`,
    });
  const client = await connectFrom(context);
  if (action === 'list' || id === undefined) {
    const answer = await client.call<DeliveriesAnswer>('deliveries.list', {
      query: { state, limit: Math.min(limit, 200) },
    });
    report(context, answer, draw(answer.deliveries, context));
    return 0;
  }
  const params = { id: await resolve(client, id) };
  const name = action === 'retry' ? 'deliveries.retry' : 'deliveries.drop';
  const answer = await client.call<{ readonly delivery: Delivery }>(name, { params });
  report(context, answer, [
    action === 'retry' ? `Delivery ${params.id} is sent again.` : `Delivery ${params.id} is given up.`,
  ]);
  return 0;
}

/** A whole id, or the last characters of one of the newest. */
async function resolve(client: Client, text: string): Promise<string> {
  if (text.length === 20) return text;
  const { deliveries: all } = await client.call<DeliveriesAnswer>('deliveries.list', {
    query: { limit: 200 },
  });
  const [found, second] = all.filter(({ id }) => text.length >= 4 && id.endsWith(text));
  if (found !== undefined && second === undefined) return found.id;
  throw new HomerError(
    'HOMER_DELIVERY_UNKNOWN',
    second === undefined ? `There is no delivery ${text}.` : `Several deliveries end with ${text}.`,
  );
}

function draw(all: readonly Delivery[], { terminal: { palette, columns } }: Context): string[] {
  if (all.length === 0) return ['Nothing was sent, or is to be sent, that fits.'];
  const now = Date.now();
  const head = ['id', 'state', 'what', 'to', 'made', ''].map((text): Cell => ({ text, paint: palette.dim }));
  const colour = (state: string): ((text: string) => string) =>
    state === 'dead' ? palette.bad : state === 'unknown' ? palette.needs : palette.dim;
  const rows = all.map((each): Cell[] => [
    { text: columns === null ? each.id : shortId(each.id) },
    { text: each.state, paint: colour(each.state) },
    { text: each.kind },
    { text: each.target },
    { text: columns === null ? (each.createdAt ?? '?') : age(each.createdAt, now) },
    { text: firstLine(each.reason ?? each.text) },
  ]);
  return table([head, ...rows], columns);
}
