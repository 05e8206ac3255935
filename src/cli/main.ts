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
      return tellFailure(terminal, usageError(error), wantsJson);
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
    run: options.home === undefined ? readRunAccess(process.env) : null,
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

/** `error: unknown command 'stats'\n(Did you mean status?)` as a sentence and a hint. */
function usageError(error: CommanderError): HomerError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').replace(/^\(|\)$/g, '');
  return new HomerError('HOMER_USAGE', message.charAt(0).toUpperCase() + message.slice(1), {
    hint:
      suggestion === ''
        ? '`homer --help` lists the commands, `homer COMMAND --help` explains one.'
        : suggestion,
    cause: error,
  });
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
