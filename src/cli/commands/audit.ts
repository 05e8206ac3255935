// `homer audit`: who asked for what.

import { nearest } from '../../config/nearest.ts';
import { HomerError } from '../../core/errors.ts';
import type { AuditAnswer, AuditEntryAnswer } from '../answers.ts';
import { report, type Context } from '../context.ts';
import { clock, oneLine, table, type Cell } from '../format.ts';
import { routes } from '../../operations/routes.ts';
import { connectFrom } from '../run-access.ts';

export interface AuditOptions {
  readonly who?: string;
  readonly what?: string;
  readonly refused?: true;
  readonly limit: number;
}

const known: readonly string[] = ['authenticate', ...Object.keys(routes)];

export async function audit(context: Context, { who, what, refused, limit }: AuditOptions): Promise<number> {
  const client = await connectFrom(context);
  const query = { who, what, limit, ...(refused === true ? { refused: 'true' } : {}) };
  const answer = await client.call<AuditAnswer>('audit.list', { query });
  if (what !== undefined && answer.entries.length === 0 && !known.includes(what)) {
    const meant = nearest(what, known);
    throw new HomerError('HOMER_USAGE', `There is no operation "${what}".`, {
      hint:
        meant === null ? '/docs/api lists them; `authenticate` is a wrong token.' : `Did you mean ${meant}?`,
    });
  }
  const { palette, columns } = context.terminal;
  const head = ['when', 'who', 'from', 'what', 'on', 'result'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const now = Date.now();
  const rows = answer.entries.map((entry): Cell[] => [
    { text: clock(entry.at, now) },
    { text: oneLine(entry.whoName ?? entry.who) },
    { text: oneLine(entry.peer === entry.who ? entry.face : `${entry.face} ${entry.peer}`) },
    { text: oneLine(entry.what) },
    { text: oneLine(entry.subject ?? '') },
    { text: resultOf(entry), paint: entry.result === 'ok' ? palette.ok : palette.bad },
  ]);
  report(context, answer, rows.length === 0 ? ['Nothing yet.'] : table([head, ...rows], columns));
  return 0;
}

function resultOf({ result, times }: AuditEntryAnswer): string {
  const text = result ?? 'not known';
  return times > 1 ? `${text} (${times} times)` : text;
}
