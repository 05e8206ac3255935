// A change of the configuration that is not made.

import { HomerError, isHomerError } from '../core/errors.ts';
import type { ConfigProblem } from './problem.ts';

const mostTold = 50;

/** HOMER_CONFIG_INVALID without lines: the text that they are of was not written. */
export function refusal(problems: readonly Pick<ConfigProblem, 'path' | 'message'>[]): HomerError {
  const told = problems
    .slice(0, mostTold)
    .map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`);
  if (problems.length > mostTold) told.push(`  … and ${problems.length - mostTold} more`);
  return new HomerError('HOMER_CONFIG_INVALID', ['Nothing was written.', ...told].join('\n'), {
    hint: 'config.yaml is as it was; `homer config schema` prints what may stand there.',
    details: { problems },
  });
}

/** The same of the error that the changed text met; any other as it is. */
export function asRefusal(error: unknown): unknown {
  if (!isHomerError(error, 'HOMER_CONFIG_INVALID')) return error;
  const problems = error.details['problems'] as readonly ConfigProblem[] | undefined;
  return problems === undefined ? error : refusal(problems);
}
