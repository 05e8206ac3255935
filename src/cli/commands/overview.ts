// `homer` alone: the status, or first steps for somebody who has none yet.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { report, type Context } from '../context.ts';
import { readStatus, showStatus, status } from './status.ts';

/** Exit codes as `homer status`, and 0 for first steps: nothing is wrong with a new machine. */
export async function overview(context: Context): Promise<number> {
  const answer = await readStatus(context);
  if (answer !== null) return showStatus(context, answer);
  if (existsSync(join(context.home, 'homer.db'))) return status(context);
  const { bold, dim } = context.terminal.palette;
  report(context, { daemon: 'stopped', home: context.home }, [
    bold('Homer runs tasks with the agents on this machine and brings back the results.'),
    '',
    'First steps:',
    `  homer run 'summarize README.md'         ${dim('a task for an agent, such as Claude Code')}`,
    `  homer run -x shell 'wc -l README.md'    ${dim('a command; needs no agent')}`,
    `  homer                                   ${dim('how things stand')}`,
    '',
    dim(
      `The first of them starts the daemon. It keeps its state in ${context.home}; \`homer --help\` lists all commands.`,
    ),
  ]);
  return 0;
}
