// The command line's entry. Commands are loaded when they are called for, so that `homer status` loads next to
// nothing and a refused `homer serve` neither database nor HTTP.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { CommanderError } from 'commander';
import { resolveHome } from '../config/home.ts';
import { HomerError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { Detached } from './detached.ts';
import { tellFailure } from './failure.ts';
import { unquotedTask } from './unquoted-task.ts';
import { createProgram, wantsOverview } from './program.ts';
import { readRunAccess } from './run-access.ts';
import { openTerminal, type Terminal } from './terminal.ts';

async function main(args: readonly string[]): Promise<number> {
  const terminal = openTerminal(process.env);
  // Known before anything is parsed, so that errors of parsing are told in the way that was asked for.
  const wantsJson = args.slice(0, args.indexOf('--') >>> 0).includes('--json');
  try {
    return await runCommand(args, terminal);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      return tellFailure(terminal, usageError(error, args), wantsJson);
    }
    if (error instanceof Detached) {
      terminal.say(`Left. ${error.message}`);
      return error.exitCode;
    }
    return tellFailure(terminal, error, wantsJson);
  }
}

async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const version = ownVersion();
  let exitCode = 0;
  const context = (options: { readonly home?: string; readonly json?: boolean }): Context => ({
    home: resolveHome(options.home, process.env, homedir()),
    run: isHomeNamed(options.home) ? null : readRunAccess(process.env),
    json: options.json === true,
    terminal,
    version,
  });
  const program = createProgram(version, context, (code) => (exitCode = code));
  if (wantsOverview(program, args)) {
    const { overview } = await import('./commands/overview.ts');
    return overview(context(program.opts()));
  }
  await program.parseAsync(args, { from: 'user' });
  return exitCode;
}

/** Whoever names a state directory means the Homer of that one, also inside a run of another; runs are given no HOMER_HOME. */
function isHomeNamed(home: string | undefined): boolean {
  return home !== undefined || (process.env['HOMER_HOME'] ?? '') !== '';
}

/** `error: unknown command 'stats'\n(Did you mean status?)` as a sentence and a hint. */
function usageError(error: CommanderError, args: readonly string[]): HomerError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').replace(/^\(|\)$/g, '');
  return new HomerError('HOMER_USAGE', message.charAt(0).toUpperCase() + message.slice(1), {
    hint: hintFor(error, args, suggestion),
    cause: error,
  });
}

function hintFor({ code }: CommanderError, args: readonly string[], suggestion: string): string {
  // What looks like an option is most often part of a task that was not quoted: `homer run -x shell ls --all`.
  if (
    code === 'commander.unknownOption' &&
    args.find((arg, at) => !arg.startsWith('-') && args[at - 1] !== '--home') === 'run'
  )
    return [suggestion, unquotedTask].filter((part) => part !== '').join(' ');
  return suggestion === ''
    ? '`homer --help` lists the commands, `homer COMMAND --help` explains one.'
    : suggestion;
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

const exitCode = await main(process.argv.slice(2));
for (const stream of [process.stdout, process.stderr]) {
  // What a pipe has not taken yet would be lost by the exit below, which ends whatever a command left open.
  if (!stream.destroyed) await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
process.exit(exitCode);
