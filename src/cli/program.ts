// Every command with its options and examples. What a command does is in its own file, loaded when it is called.

import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { jobStates } from '../core/job.ts';
import { parseSpan } from '../core/span.ts';
import type { Context } from './context.ts';
import { examples, manyUses } from './examples.ts';
import type { RunOptions } from './commands/run.ts';
import type { JobsOptions } from './commands/jobs.ts';
import type { SessionAction, SessionsOptions } from './commands/sessions.ts';
import type { ServeOptions } from './commands/serve.ts';
import type { SkillsAction, SkillsOptions } from './commands/skills.ts';
import type { StopOptions } from './commands/stop.ts';
import type { WaitOptions } from './commands/wait.ts';

interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
}

const sessionActions: readonly SessionAction[] = ['list', 'show', 'new', 'reset', 'stop', 'fork', 'resume'];

/** `done` is told the exit code of the command that ran. */
export function createProgram(
  version: string,
  contextOf: (options: GlobalOptions) => Context,
  done: (exitCode: number) => void,
): Command {
  const program = new Command('homer')
    .description(
      'A self-hosted, always-on personal agent: send it a task, pull the plug, the answer still comes.',
    )
    .version(version, '-V, --version', 'print the version')
    .option('--home <dir>', 'state directory (default: $HOMER_HOME, else ~/.homer)')
    .option('--json', 'one JSON document on standard output; all else on standard error')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();

  const act = async (load: () => Promise<(context: Context) => Promise<number>>): Promise<void> => {
    const run = await load();
    done(await run(contextOf(program.opts<GlobalOptions>())));
  };
  const add = (usage: string, summary: string): Command => {
    const command = program.command(usage).description(summary);
    const lines = examples[command.name()] ?? [];
    if (lines.length > 0)
      command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    return command;
  };

  add('run', 'Give Homer a task and wait for the result; starts the daemon if none runs')
    .argument('[prompt...]', 'the task; text piped in is appended to it')
    .option('-x, --executor <name>', 'the agent or program that does it')
    .option('-l, --lane <name>', 'the lane it waits in')
    .option('-s, --session <name>', 'a turn of this conversation; a new name begins one')
    .option('-C, --cwd <dir>', 'where it works (default: here, or where its session is)')
    .option('--worktree', 'in a git worktree of its own, kept when there is work in it')
    .option('--key <key>', 'idempotency key: the same key and task give the same job')
    .option('--timeout <time>', 'end a run that takes longer, such as 90s, 30m or 2h', parseTime)
    .option('-d, --detach', 'do not wait; the id goes to standard output')
    .action(async (prompt: string[], options: RunOptions) =>
      act(async () => {
        const { run } = await import('./commands/run.ts');
        return (context) => run(context, prompt, options);
      }),
    );

  add('status', 'How Homer is, what needs you, what runs and what comes next').action(async () =>
    act(async () => (await import('./commands/status.ts')).status),
  );
  add('jobs', 'List jobs, newest first')
    .addOption(new Option('--state <state>', 'only jobs in this state').choices(jobStates))
    .option('-l, --lane <name>', 'only jobs of this lane')
    .option('-n, --limit <count>', 'at most this many', parseCount, 20)
    .action(async (options: JobsOptions) =>
      act(async () => {
        const { jobs } = await import('./commands/jobs.ts');
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
    async () => (await import('./commands/job.ts')).job,
  );
  onJob(
    'attach',
    'Watch a job and wait for its result',
    async () => (await import('./commands/attach.ts')).attach,
  );
  onJob(
    'logs',
    'Print all that the last run of a job said',
    async () => (await import('./commands/logs.ts')).logs,
  );
  onJob('cancel', 'Cancel a job, also a running one', async () => (await import('./commands/act.ts')).cancel);
  onJob(
    'retry',
    'Run a failed, cancelled or waiting job again',
    async () => (await import('./commands/act.ts')).retry,
  );

  add('wait', 'Wait for jobs to end; inside a run, without ids, for all jobs under its own')
    .argument('[ids...]', 'the jobs')
    .option('--timeout <time>', 'wait no longer than this, such as 90s, 30m or 2h', parseTime)
    .action(async (ids: string[], options: WaitOptions) =>
      act(async () => {
        const { wait } = await import('./commands/wait.ts');
        return (context) => wait(context, ids, options);
      }),
    );

  add('start', 'Start the daemon in the background; returns when it is ready').action(async () =>
    act(async () => (await import('./commands/start.ts')).start),
  );
  const stopOptions = (command: Command): Command =>
    command
      .option('--now', 'do not wait for runs; they go on and the next start adopts them')
      .option('--kill', 'end the runs too');
  stopOptions(add('stop', 'Let runs finish for a while, then stop the daemon')).action(
    async (options: StopOptions) =>
      act(async () => {
        const { stop } = await import('./commands/stop.ts');
        return (context) => stop(context, options);
      }),
  );
  stopOptions(add('restart', 'Stop the daemon if it runs, and start it')).action(
    async (options: StopOptions) =>
      act(async () => {
        const { restart } = await import('./commands/stop.ts');
        return (context) => restart(context, options);
      }),
  );
  add('serve', 'Run the daemon in the foreground')
    .addOption(new Option('--background').hideHelp())
    .option('--standby', 'wait for the state directory if another Homer holds it, then take over')
    .action(async (options: ServeOptions) =>
      act(async () => {
        const { serve } = await import('./commands/serve.ts');
        return (context) => serve(context, options);
      }),
    );
  add('resume', 'Release a daemon that is held after a restore, copy or move').action(async () =>
    act(async () => (await import('./commands/act.ts')).resume),
  );

  add('sessions', 'Show conversations and their turns; make, fork, reset or end one, or go on in a terminal')
    .addArgument(new Argument('[action]').choices(sessionActions).default('list'))
    .argument('[name]', 'the session: its name or id')
    .argument('[newname]', 'fork: the name of the new one')
    .option('-x, --executor <name>', 'new, fork: the agent that takes the turns')
    .option('-l, --lane <name>', 'new: the lane they wait in')
    .option('-C, --cwd <dir>', 'new: where they work (default: here)')
    .option('-a, --all', 'list: also those that have ended')
    .action(
      async (
        action: SessionAction,
        name: string | undefined,
        other: string | undefined,
        options: SessionsOptions,
      ) =>
        act(async () => {
          const { sessions } = await import('./commands/sessions.ts');
          return (context) => sessions(context, action, name, other, options);
        }),
    );
  add('lanes', 'Show lanes, pause one or let it go on')
    .addArgument(new Argument('[action]').choices(['pause', 'resume']))
    .argument('[name]', 'the lane')
    .action(async (action: 'pause' | 'resume' | undefined, name: string | undefined) =>
      act(async () => {
        const { lanes } = await import('./commands/lanes.ts');
        return (context) => lanes(context, action, name);
      }),
    );
  add('config', 'Show the configuration that applies, where it is, what may stand there, whether it is right')
    .addArgument(new Argument('[what]').choices(['show', 'path', 'schema', 'check']).default('show'))
    .action(async (what: 'show' | 'path' | 'schema' | 'check') =>
      act(async () => {
        const { config } = await import('./commands/config.ts');
        return (context) => config(context, what);
      }),
    );
  add('skills', 'Show skills and what they lack, check them, install one; needs no daemon')
    .addArgument(new Argument('[action]').choices(['list', 'check', 'show', 'add']).default('list'))
    .argument('[name]', 'the skill to show; the folder, checkout or tarball to add')
    .option('-C, --cwd <dir>', 'as seen by work in this directory (default: here)')
    .option('--name <name>', 'add: the name of its folder')
    .option('-y, --yes', 'add: do not ask')
    .action(async (action: SkillsAction, name: string | undefined, options: SkillsOptions) =>
      act(async () => {
        const { skills } = await import('./commands/skills.ts');
        return (context) => skills(context, action, name, options);
      }),
    );
  add('doctor', 'Look at this machine: agents, sign-in, what contains them, and what to mend').action(
    async () => act(async () => (await import('./commands/doctor.ts')).doctor),
  );
  add('token', "Print the owner's token, or where it is kept")
    .addArgument(new Argument('[what]').choices(['show', 'path']).default('show'))
    .action(async (what: 'show' | 'path') =>
      act(async () => {
        const { token } = await import('./commands/token.ts');
        return (context) => token(context, what);
      }),
    );

  return program.addHelpText('after', `\n${manyUses}`);
}

/** True when nothing but global options was given. */
export function wantsOverview(program: Command, args: readonly string[]): boolean {
  const { operands, unknown } = program.parseOptions([...args]);
  return operands.length === 0 && unknown.length === 0;
}

function parseCount(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 500) throw new InvalidArgumentError('It must be a number from 1 to 500.');
  return value;
}

function parseTime(text: string): number {
  const ms = parseSpan(text);
  if (ms === null) throw new InvalidArgumentError('It must be a time such as 90s, 30m or 2h.');
  return ms;
}
