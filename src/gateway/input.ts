// One strict input from the parts of a request.

import type { ZodType } from 'zod';
import { checkInput, invalidInput, type FieldProblem } from '../operations/check-input.ts';
import type { Route } from '../operations/routes.ts';

export interface RequestParts {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** undefined: none was sent. */
  readonly body: unknown;
  /** Every value of a header, as Node has them in `headersDistinct`. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

export interface GatheredInput {
  readonly input: Readonly<Record<string, unknown>>;
  /** What is wrong with it already, before it is held against a schema. */
  readonly problems: readonly FieldProblem[];
}

/** Whether what is asked for stands in the body of such a request, and not in its address. */
export function takesBody(method: Route['method']): boolean {
  return method === 'POST' || method === 'PATCH';
}

/**
 * Puts path, query (GET, DELETE) or body, and named headers (`header: field`) together. A field that belongs to the
 * path or a header is refused in body and query, so that no value can be said twice. Throws HOMER_INPUT_INVALID for a
 * body that is no object.
 */
export function gatherInput(
  method: Route['method'],
  parts: RequestParts,
  headerFields: Readonly<Record<string, string>> = {},
): GatheredInput {
  const problems: FieldProblem[] = [];
  const isInAddress = !takesBody(method);
  if (isInAddress && parts.body !== undefined)
    problems.push({ field: 'body', message: `a ${method} request has none` });
  if (!isInAddress)
    for (const key of Object.keys(parts.query))
      problems.push({ field: key, message: 'belongs in the body, not in the address' });
  const said = isInAddress ? parts.query : (parts.body ?? {});
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    throw invalidInput([...problems, { field: 'body', message: 'must be a JSON object' }]);
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
  return { input, problems };
}

/** The same, held against a schema; throws HOMER_INPUT_INVALID with every problem. */
export function readInput<Input>(
  schema: ZodType<Input>,
  method: Route['method'],
  parts: RequestParts,
  headerFields: Readonly<Record<string, string>> = {},
): Input {
  const { input, problems } = gatherInput(method, parts, headerFields);
  return checkInput(schema, input, problems);
}
