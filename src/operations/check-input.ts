// What was asked, held against what may be asked; every problem with it at once.

import type { ZodType, core } from 'zod';
import { HomerError } from '../core/errors.ts';

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** Longer lists help nobody. */
const mostFields = 50;
const longestMessage = 200;

/**
 * The input as the schema has it. Throws HOMER_INPUT_INVALID whose `details.fields` are FieldProblems: those found before
 * (`found`), then the schema's.
 */
export function checkInput<Input>(
  schema: ZodType<Input>,
  input: unknown,
  found: readonly FieldProblem[] = [],
): Input {
  const parsed = schema.safeParse(input);
  const problems = parsed.success ? found : [...found, ...parsed.error.issues.flatMap(fieldProblems)];
  if (problems.length > 0 || !parsed.success) throw invalidInput(problems);
  return parsed.data;
}

export function invalidInput(problems: readonly FieldProblem[]): HomerError {
  const fields = problems.slice(0, mostFields);
  const detail = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new HomerError('HOMER_INPUT_INVALID', `${detail}.`, { details: { fields } });
}

function fieldProblems(issue: core.$ZodIssue): FieldProblem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: [...issue.path, key].join('.').slice(0, longestMessage),
      message: 'is not a known key',
    }));
  const field = issue.path.length === 0 ? 'input' : issue.path.join('.');
  return [{ field, message: issue.message.slice(0, longestMessage) }];
}
