// Commands on jobs: give one, look, wait, act.

import { Argument, Option } from 'commander';
import { HomerError } from '../../core/errors.ts';
import { jobStates } from '../../core/job.ts';
import { logLevels } from '../../lifecycle/log-line.ts';
import type { JobsOptions } from '../commands/jobs.ts';
import type { LogsOptions } from '../commands/logs.ts';
import type { RunOptions } from '../commands/run.ts';
import type { WaitOptions } from '../commands/wait.ts';
import type { Context } from '../context.ts';
import { addLimitOptions } from '../limit-options.ts';
import { parseCount, parseTime, type Declaration } from './declaration.ts';

export function declareRun({ add, act }: Declaration): void {
  addLimitOptions(add('run', 'Give Homer a task and wait for the result; starts the daemon if none runs'))
    .argument('[prompt...]', 'the task; text piped in is appended to it')
    .option('-x, --executor <name>', 'the agent or program that does it')
    .option('-l, --lane <name>', 'the lane it waits in')
    .option('-s, --session <name>', 'a turn of this conversation; a new name begins one')
    .option('-C, --cwd <dir>', 'where it works (default: here, or where its session is)')
    .option('--worktree', 'in a git worktree of its own, kept when there is work in it')
    .option('--notify <target>', 'tell the result to web or telegram:CHAT, too')
    .option('--key <key>', 'idempotency key: the same key and task give the same job')
    .option('--timeout <time>', 'end a run that takes longer, such as 90s, 30m or 2h', parseTime)
    .option('-d, --detach', 'do not wait; the id goes to standard output')
    .action(async (prompt: string[], options: RunOptions) =>
      act(async () => {
        const { run } = await import('../commands/run.ts');
        return (context) => run(context, prompt, options);
      }),
    );
}

export function declareJobs({ add, act }: Declaration): void {
  add('jobs', 'List jobs, newest first; or say that failed ones were seen')
    .addArgument(new Argument('[action]').choices(['list', 'seen']).default('list'))
    .argument('[id]', 'seen: the job that failed')
    .option('--all', 'seen: all that failed')
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(jobStates))
    .option('-l, --lane <name>', 'only jobs of this lane')
    .option('-n, --limit <count>', 'at most this many', parseCount, 20)
    .action(async (action: 'list' | 'seen', id: string | undefined, options: JobsOptions) =>
      act(async () => {
        if (action === 'seen') {
          const { seen } = await import('../commands/act.ts');
          if ((id === undefined) !== (options.all === true))
            throw new HomerError('HOMER_USAGE', 'Which failures were seen?', {
              hint: '`homer jobs seen ID`, or `homer jobs seen --all`.',
            });
          return (context) => seen(context, id);
        }
        const { jobs } = await import('../commands/jobs.ts');
        return (context) => jobs(context, options);
      }),
    );

  const onJob = (
    name: string,
    summary: string,
    load: () => Promise<(context: Context, id: string) => Promise<number>>,
  ): void => {
    add(name, summary)
      .argument('<id>', 'the job: its id, four or more characters of its beginning or end, or "last"')
      .action(async (id: string) =>
        act(async () => {
          const command = await load();
          return (context) => command(context, id);
        }),
      );
  };
  onJob(
    'job',
    'Show one job: its runs, times, result or error',
    async () => (await import('../commands/job.ts')).job,
  );
  onJob(
    'attach',
    'Watch a job and wait for its result',
    async () => (await import('../commands/attach.ts')).attach,
  );
  onJob(
    'cancel',
    'Cancel a job, also a running one',
    async () => (await import('../commands/act.ts')).cancel,
  );
  onJob(
    'retry',
    'Run a failed, cancelled or waiting job again',
    async () => (await import('../commands/act.ts')).retry,
  );

  add('logs', "Show the daemon's log, or all that the last run of a job said")
    .argument('[id]', 'the job (left out: the log of the daemon)')
    .option('-f, --follow', 'go on with what comes, over restarts of the daemon')
    .option('--since <time>', 'not older than this: 90s, 2h, 1d, or a time such as 2026-12-24T18:00')
    .addOption(new Option('--level <level>', 'only what is at least so weighty').choices(logLevels))
    .option('-n, --lines <count>', 'the newest so many (default: 100, with --since all)', parseCount)
    .action(async (id: string | undefined, options: LogsOptions) =>
      act(async () => {
        const { logs } = await import('../commands/logs.ts');
        return (context) => logs(context, id, options);
      }),
    );
  add('wait', 'Wait for jobs to end; inside a run, without ids, for all jobs under its own')
    .argument('[ids...]', 'the jobs')
    .option('--timeout <time>', 'wait no longer than this, such as 90s, 30m or 2h', parseTime)
    .action(async (ids: string[], options: WaitOptions) =>
      act(async () => {
        const { wait } = await import('../commands/wait.ts');
        return (context) => wait(context, ids, options);
      }),
    );
}
