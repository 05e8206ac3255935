// `homer trace ID`: the way of a job, step by step, with the time each took.

import type { TraceAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { oneLine, span, table, type Cell } from '../format.ts';
import { resolveJobId } from '../job-id.ts';
import { connectFrom } from '../run-access.ts';

export async function trace(context: Context, text: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const answer = await client.call<TraceAnswer>('jobs.trace', { params: { id } });
  const { palette, columns } = context.terminal;
  const rows = answer.steps.map(({ at, what, detail }, index): Cell[] => {
    const before = answer.steps[index - 1]?.at;
    const passed = before === undefined ? 0 : Date.parse(at) - Date.parse(before);
    return [
      { text: columns === null ? at : at.slice(11, 23), paint: palette.dim },
      { text: what.replace('_', ' ') },
      { text: passed === 0 ? '' : `+${passed < 1_000 ? `${passed} ms` : span(passed)}`, paint: palette.dim },
      { text: oneLine(detail) },
    ];
  });
  report(context, answer, table(rows, columns));
  return 0;
}
