// `homer presence`: who is connected for longer than a request.

import type { Calls } from '../../client/calls.ts';
import { report, type Context } from '../context.ts';
import { clock, table, type Cell } from '../format.ts';
import { connectFrom } from '../run-access.ts';

export async function presence(context: Context): Promise<number> {
  const client = await connectFrom(context);
  const answer = await client.call<Calls['presence.list']['output']>('presence.list');
  const { palette, columns } = context.terminal;
  const now = Date.now();
  const head = ['who', 'as', 'listens to', 'since', 'last seen'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = answer.present.map((each): Cell[] => [
    { text: each.client ?? each.id },
    { text: `${each.tokenId} (${each.scopes.at(-1) ?? 'nothing'})` },
    { text: each.topics.length === 0 ? 'nothing' : each.topics.join(' ') },
    { text: clock(each.since, now) },
    { text: clock(each.lastSeen, now) },
  ]);
  report(context, answer, rows.length === 0 ? ['Nobody is connected.'] : table([head, ...rows], columns));
  return 0;
}
