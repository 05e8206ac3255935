// The command line as a whole. Its commands are declared in declare/, group by group, in the order in which help lists them.

import { Command } from 'commander';
import { addAskAbout } from './ask-about.ts';
import type { Context } from './context.ts';
import { declareApprovals } from './declare/approvals.ts';
import { declareCanvas } from './declare/canvas.ts';
import { declareChannels } from './declare/channels.ts';
import { declareDaemon, declareStatus } from './declare/daemon.ts';
import type { Declaration } from './declare/declaration.ts';
import { declareJobs, declareRun } from './declare/jobs.ts';
import { declareMcp, declareQuestions } from './declare/mcp.ts';
import { declareSchedules } from './declare/schedules.ts';
import { declareSessions } from './declare/sessions.ts';
import { declareSettings } from './declare/settings.ts';
import { declareSpending } from './declare/spending.ts';
import { declareUpkeep } from './declare/upkeep.ts';
import { declareWorkers } from './declare/workers.ts';
import { examples, manyUses } from './examples.ts';

interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
}

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
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();

  const declaration: Declaration = {
    async act(load) {
      const run = await load();
      done(await run(contextOf(program.opts<GlobalOptions>())));
    },
    add(usage, summary) {
      const command = program.command(usage).description(summary);
      const lines = examples[command.name()] ?? [];
      if (lines.length > 0)
        command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
      return command;
    },
  };
  declareRun(declaration);
  declareStatus(declaration);
  declareJobs(declaration);
  declareApprovals(declaration);
  declareQuestions(declaration);
  declareDaemon(declaration);
  declareSessions(declaration);
  declareSpending(declaration);
  declareChannels(declaration);
  declareSchedules(declaration);
  declareCanvas(declaration);
  declareMcp(declaration);
  declareUpkeep(declaration);
  declareWorkers(declaration);
  declareSettings(declaration);
  addAskAbout(program, version, done);

  return program.addHelpText('after', `\n${manyUses}`);
}

/** True when nothing but global options was given. */
export function wantsOverview(program: Command, args: readonly string[]): boolean {
  const { operands, unknown } = program.parseOptions([...args]);
  return operands.length === 0 && unknown.length === 0;
}
