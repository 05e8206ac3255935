// How a command says that it failed: a sentence and what to do, never a stack.

import { catalogue, HomerError, messageOf } from '../core/errors.ts';
import { plain, sentence } from './format.ts';
import type { Terminal } from './terminal.ts';

const configuration = 78;

/** Tells the error (with `json` as a document on standard output) and returns the exit code of the process. */
export function tellFailure(terminal: Terminal, error: unknown, json: boolean): number {
  const known = error instanceof HomerError ? error : unexpected(error);
  const { code, message, hint } = known;
  const { choices } = known.details;
  if (json) {
    terminal.print(
      JSON.stringify(
        { error: { code, message, hint, ...(choices === undefined ? {} : { choices }) } },
        null,
        2,
      ),
    );
  } else {
    terminal.say(`${terminal.errorPalette.bad('homer:')} ${sentence(plain(message))}`);
    if (hint !== '') terminal.say(terminal.errorPalette.dim(`  ${plain(hint)}`));
  }
  return exitCodeOf(known);
}

/** That of the catalogue; a start that failed by its configuration or port passes on what the daemon said. */
function exitCodeOf({ code, details }: HomerError): number {
  const ofDaemon = details['exitCode'];
  if (code === 'HOMER_START_FAILED' && ofDaemon === configuration) return configuration;
  return catalogue[code].exit ?? 1;
}

function unexpected(error: unknown): HomerError {
  const hint =
    process.env['HOMER_LOG'] === 'debug' && error instanceof Error
      ? (error.stack ?? '')
      : 'This is a fault of Homer; HOMER_LOG=debug shows where it comes from.';
  return new HomerError('HOMER_INTERNAL', messageOf(error), { cause: error, hint });
}
