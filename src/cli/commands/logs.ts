// `homer logs`: the daemon's log, read from its files, so that it can be read when no daemon can be started. `homer logs ID`: all that the
// last run of a job said, read from its journal.

import { join } from 'node:path';
import { HomerError } from '../../core/errors.ts';
import type { LogLevel } from '../../lifecycle/log-line.ts';
import { spelt } from '../../lifecycle/log-line.ts';
import { LogReader } from '../../lifecycle/log-reader.ts';
import type { Context } from '../context.ts';
import { followLog, readPast, type ReadLine, type Wanted } from '../daemon-log.ts';
import { createDetach } from '../detach.ts';
import { drawLogLine } from '../log-screen.ts';
import { momentOf } from '../moment.ts';
import { refuseInRun } from '../run-access.ts';

export interface LogsOptions {
  readonly follow?: true;
  readonly since?: string;
  readonly level?: LogLevel;
  readonly lines?: number;
}

/** Unless more is asked for. */
const fewLines = 100;

/** 0; 130 when it followed and was left. HOMER_USAGE for what makes no sense of a job. */
export async function logs(context: Context, job: string | undefined, options: LogsOptions): Promise<number> {
  if (job === undefined) return daemonLog(context, options);
  if (options.level !== undefined || options.since !== undefined || options.lines !== undefined)
    throw new HomerError(
      'HOMER_USAGE',
      'A run has no levels; --level, --since and --lines are for the log of the daemon.',
      {
        hint: 'Leave out the job, or the option.',
      },
    );
  const { followRun, showRun } = await import('../run-log.ts');
  return options.follow === true ? followRun(context, job) : showRun(context, job);
}

async function daemonLog(context: Context, options: LogsOptions): Promise<number> {
  // It tells of other jobs, and of people.
  refuseInRun(context, 'read the log of Homer');
  const { terminal, home } = context;
  const directory = join(home, 'logs');
  const since = options.since === undefined ? null : momentOf(options.since);
  const lines = options.lines ?? (since === null ? fewLines : null);
  const wanted: Wanted = { level: options.level ?? 'debug', since, lines };
  const show = printer(context);
  const reader = new LogReader(directory);
  const past = readPast(reader.begin(), wanted);
  for (const [index, line] of past.entries()) {
    show(line);
    // What a slow reader has not taken yet is in memory.
    if (index % 1_000 === 999) await terminal.flush();
  }
  if (options.follow !== true) {
    reader.close();
    if (past.length === 0 && !context.json)
      terminal.say(`Nothing like that stands in the log (${directory}).`);
    return 0;
  }
  const { signal } = createDetach();
  // A reader that goes away (`| head -1`) ends it too.
  const gone = new AbortController();
  process.stdout.once('close', () => gone.abort());
  await followLog(directory, reader, wanted, show, AbortSignal.any([signal, gone.signal]));
  return signal.aborted ? 130 : 0;
}

function printer({ json, terminal }: Context): (line: ReadLine) => void {
  if (!json) return ({ line }) => terminal.print(drawLogLine(line, terminal.palette));
  return ({ raw, line }) => {
    // A line that Node wrote is no JSON; whoever reads this has a parser of it.
    const isJson = line.at !== null || Object.keys(line.fields).length > 0;
    terminal.print(
      spelt(isJson ? raw : JSON.stringify({ level: line.level, time: null, msg: line.message })),
    );
  };
}
