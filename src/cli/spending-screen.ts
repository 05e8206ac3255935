// What a day cost, as a table. What is unknown is a question mark, never 0.

import { amount, measures, type Measure } from '../core/allowance.ts';
import type { SpendingAnswer } from './answers.ts';
import { clock, count, plain, table, type Cell } from './format.ts';
import type { Paper } from './status-screen.ts';

type Used = SpendingAnswer['total'];

/** The lines of the screen. */
export function drawSpending(answer: SpendingAnswer, { palette, columns, now }: Paper): string[] {
  const { day, spending, total, live, budgets } = answer;
  const dim = (text: string): Cell => ({ text, paint: palette.dim });
  const row = (lane: string, executor: string, used: Used): Cell[] =>
    [lane, executor, String(used.runs), ...measures.map((measure) => usedText(used, measure))].map(
      (text): Cell => ({ text }),
    );
  const lines: string[] = [];
  if (spending.length === 0) lines.push(`No run ended on ${day}.`);
  else
    lines.push(
      ...table(
        [
          [day, 'executor', 'runs', 'turns', 'tokens', 'cost'].map(dim),
          ...spending.map((each) => row(each.lane, each.executor, each)),
          ...(spending.length > 1 ? [row('all', '', total)] : []),
        ],
        columns,
      ),
    );
  if (live !== null && live.runs > 0) {
    const used = measures.map((measure) => liveText(live, measure)).join(', ');
    lines.push('', `${count(live.runs, 'run')} under way, so far ${used}.`);
  }
  if (isPartlyUnknown(total)) lines.push('', palette.dim(`${sign} is unknown; 5+? is at least 5.`));
  if (budgets.length > 0) lines.push('', palette.dim('Budgets of the day'));
  for (const { lane, limit, used, closed } of budgets) {
    const parts = measures.flatMap((measure) => {
      const most = limit[measure];
      return most === null ? [] : [`${amount(measure, used[measure] ?? 0)} of ${amount(measure, most)}`];
    });
    const state =
      closed === null
        ? ''
        : ` ${palette.needs(`closed until ${clock(closed.until, now)}`)}: ${plain(closed.why)}`;
    lines.push(`  ${lane === null ? 'all lanes' : `lane ${lane}`}: ${parts.join(', ')}${state}`);
  }
  return lines;
}

const sign = '?';

function usedText(used: Used, measure: Measure): string {
  const value = used[measure];
  if (value === null) return sign;
  const known = measure === 'costUsd' ? amount(measure, value) : String(value);
  return used.unknown[measure] > 0 ? `${known}+${sign}` : known;
}

/** "2 turns", "? tokens", "$0.5+?". */
function liveText(used: Used, measure: Measure): string {
  return measure === 'costUsd' ? `cost ${usedText(used, measure)}` : `${usedText(used, measure)} ${measure}`;
}

function isPartlyUnknown({ unknown }: Used): boolean {
  return measures.some((measure) => unknown[measure] > 0);
}
