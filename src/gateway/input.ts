// One strict input from the parts of a request, and every problem with it at once.

import type { ZodType, core } from 'zod';
import { HomerError } from '../core/errors.ts';
import type { Route } from '../operations/routes.ts';

export interface RequestParts {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** undefined: none was sent. */
  readonly body: unknown;
  /** Every value of a header, as Node has them in `headersDistinct`. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** Whether what is asked for stands in the body of such a request, and not in its address. */
export function takesBody(method: Route['method']): boolean {
  return method === 'POST' || method === 'PATCH';
}

/** Longer lists help nobody. */
const mostFields = 50;
const longestMessage = 200;

/**
 * Puts path, query (GET, DELETE) or body, and named headers (`header: field`) together and validates. A field that belongs to the
 * path or a header is refused in body and query, so that no value can be said twice. Throws HOMER_INPUT_INVALID whose
 * `details.fields` are FieldProblems.
 */
export function readInput<Input>(
  schema: ZodType<Input>,
  method: Route['method'],
  parts: RequestParts,
  headerFields: Readonly<Record<string, string>> = {},
): Input {
  const problems: FieldProblem[] = [];
  const isInAddress = !takesBody(method);
  if (isInAddress && parts.body !== undefined)
    problems.push({ field: 'body', message: `a ${method} request has none` });
  if (!isInAddress)
    for (const key of Object.keys(parts.query))
      problems.push({ field: key, message: 'belongs in the body, not in the address' });
  const said = isInAddress ? parts.query : (parts.body ?? {});
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    throw invalid([...problems, { field: 'body', message: 'must be a JSON object' }]);
  const input: Record<string, unknown> = { ...said };
  const reserved = [...Object.values(headerFields), ...Object.keys(parts.params)];
  // A key that zod passes over in silence, and those that are said elsewhere.
  for (const key of [...reserved, '__proto__'])
    if (Object.hasOwn(input, key)) problems.push({ field: key, message: 'is not a known key here' });
  for (const [header, field] of Object.entries(headerFields)) {
    const [value, ...more] = parts.headers[header] ?? [];
    if (value !== undefined) input[field] = value;
    // Joined by a comma, as Node does, two values would be taken for a third.
    if (more.length > 0) problems.push({ field: header, message: 'was sent more than once' });
  }
  Object.assign(input, parts.params);
  const parsed = schema.safeParse(input);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap(fieldProblems));
  if (problems.length > 0 || !parsed.success) throw invalid(problems);
  return parsed.data;
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

function invalid(problems: readonly FieldProblem[]): HomerError {
  const fields = problems.slice(0, mostFields);
  const detail = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new HomerError('HOMER_INPUT_INVALID', `${detail}.`, { details: { fields } });
}
