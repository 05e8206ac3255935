// A task that was not quoted: the shell hands on its words one by one, and those with a dash look like options of ours.

import { HomerError, isHomerError } from '../core/errors.ts';

export const unquotedTask = 'If it belongs to the task, quote the task, or put -- before it.';

/** The error with that said, where a word of the task may have been taken for a lane or an executor (`ls -la`). */
export function withUnquotedTask(error: unknown, words: readonly string[]): unknown {
  const isTaken = isHomerError(error, 'HOMER_LANE_UNKNOWN') || isHomerError(error, 'HOMER_EXECUTOR_UNKNOWN');
  // A task in quotes with spaces in it is one word, and so is none of its own options.
  if (!isTaken || words.length === 0 || words.some((word) => /\s/.test(word))) return error;
  return new HomerError(error.code, error.message, {
    hint: `${error.hint} ${unquotedTask}`,
    details: error.details,
    cause: error,
  });
}
