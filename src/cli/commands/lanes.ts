// `homer lanes`: a table, or pausing one and letting it go on.

import { HomerError } from '../../core/errors.ts';
import type { Lane, LanesAnswer } from '../answers.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { clock, span, table, type Cell } from '../format.ts';
import type { Palette } from '../terminal.ts';

export async function lanes(
  context: Context,
  action: 'pause' | 'resume' | undefined,
  name: string | undefined,
): Promise<number> {
  if (action !== undefined && name === undefined)
    throw new HomerError('HOMER_USAGE', `Which lane is to ${action === 'pause' ? 'be paused' : 'go on'}?`, {
      hint: `homer lanes ${action} NAME`,
    });
  const client = await connectFrom(context);
  if (action === undefined || name === undefined) {
    const answer = await client.call<LanesAnswer>('lanes.list');
    report(context, answer, laneTable(answer.lanes, context));
    return 0;
  }
  const answer = await client.call<LanesAnswer>(action === 'pause' ? 'lanes.pause' : 'lanes.resume', {
    params: { lane: name },
  });
  const running = answer.lanes.find((lane) => lane.lane === name)?.running ?? 0;
  report(context, answer, [
    action === 'resume'
      ? `Lane ${name} goes on.`
      : `Lane ${name} is paused, also after a restart.${running > 0 ? ` What runs in it (${running}) goes on.` : ''}`,
  ]);
  return 0;
}

function laneTable(all: readonly Lane[], { terminal: { palette, columns } }: Context): string[] {
  const head = ['lane', 'running', 'queued', 'rate', 'state'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = all.map((lane): Cell[] => [
    { text: lane.lane },
    { text: `${lane.running} of ${lane.concurrency}` },
    { text: String(lane.queued) },
    { text: lane.rate === null ? 'any' : `${lane.rate.count} in ${span(lane.rate.perMs)}` },
    stateOf(lane, palette),
  ]);
  return table([head, ...rows], columns);
}

function stateOf(lane: Lane, palette: Palette): Cell {
  if (lane.paused) return { text: 'paused', paint: palette.needs };
  if (lane.closed === null) return { text: 'open' };
  const why = lane.closed.byUnknown ? 'closed by a run of unknown use' : 'budget used up';
  return { text: `${why} until ${clock(lane.closed.until, Date.now())}`, paint: palette.needs };
}
