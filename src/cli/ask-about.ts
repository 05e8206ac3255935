// `homer help COMMAND` and `homer version`, as people type them who do not know the options yet.

import type { Command } from 'commander';
import { HomerError } from '../core/errors.ts';

/** Adds both to the program. The one that commander brings along shows all help for a command that there is not, as an error. */
export function addAskAbout(program: Command, version: string, done: (exitCode: number) => void): void {
  program
    .helpCommand(false)
    .command('help [command]')
    .description('show help for a command')
    .action((name: string | undefined) => {
      const command = program.commands.find((each) => each.name() === name);
      if (name !== undefined && command === undefined)
        throw new HomerError('HOMER_USAGE', `There is no command "${name}".`, {
          hint: '`homer --help` lists the commands.',
        });
      (command ?? program).outputHelp();
      done(0);
    });
  program.command('version', { hidden: true }).action(() => {
    const { json } = program.opts<{ readonly json?: boolean }>();
    process.stdout.write(`${json === true ? JSON.stringify({ version }, null, 2) : version}\n`);
    done(0);
  });
}
