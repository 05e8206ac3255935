// `homer drill`: plays what can go wrong, on this machine, in a state directory made for it; the one of the user is not touched.

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HomerError } from '../../core/errors.ts';
import type { DrillResult, DrillSummary, Program } from '../../drill/open.ts';
import { report, type Context } from '../context.ts';
import { count, table, type Cell } from '../format.ts';
import { refuseInRun } from '../run-access.ts';

export interface DrillOptions {
  readonly all?: boolean;
  readonly rounds: number;
  /** Where the small disk is mounted: this process was started for the one drill that takes it. */
  readonly onDisk?: string;
}

/** 0 when all that was played went as promised, 1 otherwise. Without a name, shows which drills there are. */
export async function drill(
  context: Context,
  name: string | undefined,
  { all, rounds, onDisk }: DrillOptions,
): Promise<number> {
  refuseInRun(context, 'be drilled');
  const { drillNames, listDrills, playDrill, playHere } = await import('../../drill/open.ts');
  if (name === undefined && all !== true) return showDrills(context, listDrills());
  if (name !== undefined && !drillNames.includes(name))
    throw new HomerError('HOMER_USAGE', `There is no drill called ${name}.`, {
      hint: `There are: ${drillNames.join(', ')}.`,
    });
  const names = name === undefined ? drillNames : [name];
  return interruptible(async (signal) => {
    const program: Program = { argv: ownArgv(), signal };
    if (name !== undefined && onDisk !== undefined)
      return tell(context, [await playHere(name, program, onDisk)]);
    const results: DrillResult[] = [];
    for (const each of Array.from({ length: rounds }, () => names).flat()) {
      if (context.terminal.columns !== null) context.terminal.say(`Playing ${each} …`);
      const result = await playDrill(each, program);
      results.push(result);
      if (!context.json) for (const line of drawResult(result, context)) context.terminal.print(line);
    }
    return tell(context, results);
  });
}

function showDrills(context: Context, drills: readonly DrillSummary[]): number {
  const rows = drills.map(({ name, summary }): Cell[] => [
    { text: name },
    { text: summary, paint: context.terminal.palette.dim },
  ]);
  report(context, { drills }, [
    ...table(rows, null),
    '',
    '`homer drill NAME` plays one, `homer drill --all` all of them.',
  ]);
  return 0;
}

function tell(context: Context, results: readonly DrillResult[]): number {
  const bad = results.filter((result) => !isKept(result));
  const skipped = results.filter(({ skipped: why }) => why !== null).length;
  const ok = bad.length === 0 && skipped < results.length;
  const said = skipped === 0 ? '' : `, ${skipped} skipped`;
  report(context, { ok, drills: results }, [
    bad.length === 0
      ? `${count(results.length - skipped, 'drill')} played${said}: all was as promised.`
      : `${bad.length} of ${count(results.length - skipped, 'drill')} did not go as promised${said}.`,
  ]);
  return ok ? 0 : 1;
}

function isKept({ lost, doubled, orphans, trouble }: DrillResult): boolean {
  return lost === 0 && doubled === 0 && (orphans ?? 0) === 0 && trouble === null;
}

function drawResult(result: DrillResult, { terminal: { palette } }: Context): readonly string[] {
  const { name, jobs, lost, doubled, told, orphans, readyMs, trouble, skipped } = result;
  const head = name.padEnd(8);
  if (skipped !== null) return [`${head} ${palette.dim(`skipped: ${skipped}`)}`];
  if (trouble !== null) return [`${head} ${palette.bad(`failed: ${trouble}`)}`];
  const figures = `lost=${lost} doubled=${doubled} orphans=${orphans ?? '?'} ready=${readyMs} ms`;
  const about = palette.dim(`  ${count(jobs, 'job')}${told === 0 ? '' : `, ${told} told why not`}`);
  return [`${head} ${isKept(result) ? figures : palette.bad(figures)}${about}`];
}

/** This Homer again: the runtime, its flags, and the file of the command line. */
function ownArgv(): readonly string[] {
  const main = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
  return [process.execPath, ...process.execArgv, main];
}

/** Ctrl-C ends the drill in order: what it started and its directory go with it. */
async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
}
