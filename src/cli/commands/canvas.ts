// `homer canvas`: pages to look at. What there is, putting files up, another address, taking one down.

import { HomerError } from '../../core/errors.ts';
import type { Canvas, CanvasAnswer, CanvasesAnswer } from '../answers.ts';
import { findFiles, inBatches } from '../canvas-files.ts';
import type { Client } from '../client.ts';
import { report, type Context } from '../context.ts';
import { age, count, oneLine, table, type Cell } from '../format.ts';
import { connectFrom } from '../run-access.ts';

export type CanvasAction = 'list' | 'put' | 'rotate' | 'rm';

export interface CanvasOptions {
  readonly replace?: true;
}

export async function canvas(
  context: Context,
  action: CanvasAction,
  name: string | undefined,
  paths: readonly string[],
  options: CanvasOptions,
): Promise<number> {
  if (action !== 'list' && name === undefined)
    throw new HomerError('HOMER_USAGE', 'Which canvas is meant?', { hint: `homer canvas ${action} NAME` });
  const client = await connectFrom(context);
  if (name === undefined || action === 'list') {
    const answer = await client.call<CanvasesAnswer>('canvas.list');
    report(context, answer, draw(answer.canvases, context));
  } else if (action === 'rm') {
    const answer = await client.call<{ readonly removed: string }>('canvas.remove', { params: { name } });
    report(context, answer, [`${name} is gone.`]);
  } else if (action === 'rotate') {
    const answer = await client.call<CanvasAnswer>('canvas.rotate', { params: { name } });
    report(context, answer, [answer.canvas.url]);
  } else {
    const answer = await put(context, client, name, paths, options);
    report(context, answer, [urlOf(answer.canvas)]);
  }
  return 0;
}

async function put(
  context: Context,
  client: Client,
  name: string,
  paths: readonly string[],
  { replace }: CanvasOptions,
): Promise<CanvasAnswer> {
  if (paths.length === 0)
    throw new HomerError('HOMER_USAGE', 'Which files are to be seen?', {
      hint: `homer canvas put ${name} FILE…`,
    });
  const { files, skipped } = await findFiles(paths);
  for (const each of skipped) context.terminal.say(`left out: ${oneLine(each)}`);
  if (files.length === 0) throw new HomerError('HOMER_USAGE', 'There is no file to put up.');
  let answer: CanvasAnswer | null = null;
  for await (const batch of inBatches(files)) {
    const isFirst: boolean = answer === null;
    answer = await client.call<CanvasAnswer>('canvas.put', {
      params: { name },
      body: { files: batch, replace: isFirst && replace === true },
      timeoutMs: 60_000,
    });
  }
  if (answer === null) throw new Error('no batch was sent');
  return answer;
}

/** A canvas without an index is one file to look at, or several to choose from. */
function urlOf({ url, files }: Canvas): string {
  const [only] = files;
  const hasIndex = files.some(({ path }) => path === 'index.html');
  if (hasIndex || files.length !== 1 || only === undefined) return url;
  return url + only.path.split('/').map(encodeURIComponent).join('/');
}

function draw(canvases: readonly Canvas[], { terminal: { palette, columns } }: Context): string[] {
  if (canvases.length === 0) return ['There is no canvas. `homer canvas put NAME FILE…` makes one.'];
  const now = Date.now();
  const head = ['name', 'files', 'changed', 'by', 'address'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = canvases.map((each): Cell[] => [
    { text: each.name },
    { text: count(each.files.length, 'file') },
    { text: columns === null ? each.updatedAt : age(each.updatedAt, now) },
    { text: oneLine(each.source) },
    { text: urlOf(each) },
  ]);
  // The address is there to be copied, so it is never cut.
  return table([head, ...rows], null);
}
