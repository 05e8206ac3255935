// The readings of a reminder that can be meant in more than one way, as commands that mean one of them.

import { HomerError } from '../core/errors.ts';
import { oneLine } from './format.ts';
import { shellWords } from './shell-words.ts';

export interface ReminderChoice {
  /** Words that mean this reading alone. */
  readonly phrase: string;
  readonly reading: string;
}

/** What of HOMER_REMINDER_AMBIGUOUS may be chosen. */
export function choicesOf({ details }: HomerError): readonly ReminderChoice[] {
  return (details['choices'] ?? []) as readonly ReminderChoice[];
}

/** The same error for a person at a shell: its hint has a command a line for each choice, with these options. */
export function withCommands(error: HomerError, options: readonly string[]): HomerError {
  const commands = choicesOf(error).map(({ phrase }) =>
    shellWords(['homer', 'remind', ...options, oneLine(phrase)]),
  );
  if (commands.length === 0) return error;
  const hint = ['Say which is meant:', ...commands].join('\n  ');
  return new HomerError(error.code, error.message, { hint, cause: error, details: error.details });
}
