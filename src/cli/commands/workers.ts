// `homer workers`: who runs jobs, and who may.

import { HomerError } from '../../core/errors.ts';
import type { HostWorker, WorkerAddedAnswer, WorkersAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { span, table, type Cell } from '../format.ts';
import { connectFrom, refuseInRun } from '../run-access.ts';
import type { Palette } from '../terminal.ts';

export type WorkersAction = 'list' | 'add' | 'remove';

export interface WorkersOptions {
  readonly lanes?: readonly string[];
}

export async function workers(
  context: Context,
  action: WorkersAction,
  name: string | undefined,
  { lanes }: WorkersOptions,
): Promise<number> {
  if (action !== 'list' && name === undefined)
    throw new HomerError('HOMER_USAGE', `Which worker is to be ${action === 'add' ? 'let in' : 'removed'}?`, {
      hint: `homer workers ${action} NAME`,
    });
  if (action !== 'list') refuseInRun(context, 'change who runs jobs');
  const client = await connectFrom(context);
  if (action === 'list' || name === undefined) {
    const answer = await client.call<WorkersAnswer>('workers.list');
    report(context, answer, workerTable(answer.workers, context));
    return 0;
  }
  if (action === 'remove') {
    const answer = await client.call<WorkersAnswer>('workers.remove', { params: { name } });
    report(context, answer, [
      `Worker ${name} is let in no more. What it runs is taken back when its lease is over.`,
    ]);
    return 0;
  }
  const answer = await client.call<WorkerAddedAnswer>('workers.add', {
    body: { name, ...(lanes === undefined ? {} : { lanes }) },
  });
  // The token alone on standard output, so that it can go into a file.
  context.terminal.say(
    `The token of worker ${name}, told this once. On its host: homer worker --url redis://… --token-file FILE`,
  );
  report(context, answer, [answer.token]);
  return 0;
}

function workerTable(all: readonly HostWorker[], { terminal: { palette, columns } }: Context): string[] {
  const head = ['worker', 'host', 'version', 'lanes', 'labels', 'load', 'state'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = all.map((worker): Cell[] => [
    { text: worker.name ?? '(this daemon)' },
    { text: worker.host ?? '' },
    { text: worker.version ?? '' },
    { text: worker.lanes === null ? 'all' : worker.lanes.join(' ') },
    { text: worker.labels.join(' ') },
    {
      text:
        worker.concurrency === null ? String(worker.running) : `${worker.running} of ${worker.concurrency}`,
    },
    stateOf(worker, palette),
  ]);
  return table([head, ...rows], columns);
}

function stateOf({ name, state, lastSeenAt }: HostWorker, palette: Palette): Cell {
  if (state === 'new') return { text: 'not seen yet', paint: palette.dim };
  if (name === null) return { text: state === 'up' ? 'up' : 'runs nothing itself' };
  const seen = lastSeenAt === null ? '' : `, seen ${span(Date.now() - Date.parse(lastSeenAt))} ago`;
  return state === 'away' ? { text: `away${seen}`, paint: palette.needs } : { text: `${state}${seen}` };
}
