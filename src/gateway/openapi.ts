// OpenAPI 3.1 from the operations themselves, so that it cannot differ from what is answered.

import { z } from 'zod';
import { takesBody } from './input.ts';
import type { Operation } from '../operations/operation.ts';
import { routes } from '../operations/routes.ts';
import type { Route } from '../operations/routes.ts';
import { metricsPath } from './metrics-route.ts';
import { streamPaths } from './stream-routes.ts';

type Json = Record<string, unknown>;

/** The whole document; a plain value, made anew at each call. */
export function describeApi(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  const add = (path: string, method: string, value: Json): void => {
    (paths[path.replace(/:(\w+)/g, '{$1}')] ??= {})[method] = value;
  };
  for (const operation of operations) {
    const route: Route = routes[operation.name];
    add(route.path, route.method.toLowerCase(), describeOperation(operation, route));
  }
  const cursor = parameter('since', 'query', { type: 'string' });
  const lastId = parameter('Last-Event-ID', 'header', { type: 'string' });
  add(streamPaths.events, 'get', {
    ...head(
      'events.stream',
      'Ledger events as they happen; `reset` when the cursor cannot be served',
      'read',
    ),
    parameters: [cursor, lastId],
    responses: responses({ 200: stream }),
  });
  add(streamPaths.run, 'get', {
    ...head('runs.stream', 'The journal of a run, live, then `end`', 'read'),
    parameters: [parameter('id', 'path', { type: 'string' }), cursor, lastId],
    responses: responses({ 200: stream }),
  });
  add('/hooks/:name', 'post', {
    ...head('hooks.receive', 'A delivery of a webhook, proved as its scheme has it; needs no token', 'none'),
    security: [],
    parameters: [parameter('name', 'path', { type: 'string' })],
    requestBody: { content: { 'application/json': { schema: {} } } },
    responses: responses({
      200: { description: 'Known already (`duplicate`), left out (`ignored`), or waited for' },
      202: { description: 'Accepted, and on disk' },
    }),
  });
  add(metricsPath, 'get', {
    ...head('metrics.show', 'Metrics in the text format of Prometheus', 'read'),
    responses: responses({ 200: { description: 'Metrics', content: { 'text/plain': {} } } }),
  });
  for (const [path, [id, summary]] of Object.entries(open))
    add(path, 'get', {
      ...head(id, summary, 'none'),
      security: [],
      responses: responses({ 200: { description: 'Well' }, 503: unwell }),
    });
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Homer',
      version,
      description:
        'The operations of a Homer daemon. All of them can be asked for over WebSocket too: docs/websocket.md.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:4663', description: 'This machine, at the usual port' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: { Problem: { description: 'What went wrong, and what to do', content: problemContent } },
      schemas: { Problem: problemSchema },
    },
  };
}

const unwell: Json = { description: 'Not, or not yet' };
const open: Readonly<Record<string, readonly [id: string, summary: string]>> = {
  '/livez': ['health.live', 'Whether the process answers'],
  '/readyz': ['health.ready', 'Whether it takes work'],
  '/health': ['health.show', 'How it is; with a token, each component'],
};
const stream: Json = { description: 'A stream of events', content: { 'text/event-stream': {} } };

function describeOperation(operation: Operation, route: Route): Json {
  const input = schemaOf(operation.input, 'input');
  const output = schemaOf(operation.output, 'output');
  const properties = { ...(input['properties'] as Json | undefined) };
  const required = new Set(input['required'] as string[] | undefined);
  const parameters: Json[] = [];
  const move = (name: string, field: string, place: 'path' | 'query' | 'header'): void => {
    const isRequired = place === 'path' || required.delete(field);
    parameters.push({ ...parameter(name, place, properties[field] ?? {}), required: isRequired });
    delete properties[field];
    required.delete(field);
  };
  for (const [, field = ''] of route.path.matchAll(/:(\w+)/g)) move(field, field, 'path');
  for (const [header, field] of Object.entries(route.headers ?? {})) move(header, field, 'header');
  if (!takesBody(route.method)) for (const field of Object.keys(properties)) move(field, field, 'query');
  const body = { ...input, properties, required: [...required] };
  return {
    ...head(operation.name, route.summary, route.scope),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(takesBody(route.method) && Object.keys(properties).length > 0
      ? {
          requestBody: {
            required: required.size > 0,
            content: { 'application/json': { schema: body, ...exampleOf(properties, required) } },
          },
        }
      : {}),
    responses: responses({
      200: { description: 'Done', content: { 'application/json': { schema: output } } },
      ...(operation.name === 'jobs.create'
        ? {
            202: {
              description: 'Accepted, and on disk',
              content: { 'application/json': { schema: output } },
            },
          }
        : {}),
    }),
  };
}

function head(operationId: string, summary: string, scope: string): Json {
  return { operationId, summary, tags: [operationId.split('.')[0]], 'x-homer-scope': scope };
}

function parameter(name: string, place: 'path' | 'query' | 'header', schema: unknown): Json {
  return { name, in: place, required: place === 'path', schema };
}

function responses(wanted: Json): Json {
  const problem = { $ref: '#/components/responses/Problem' };
  return { ...wanted, '4XX': problem, default: problem };
}

const problemContent: Json = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
};

/** zod describes "any JSON value" by a definition of its own, which has no place inside of a document; `{}` says the same. */
function schemaOf(type: z.ZodType, io: 'input' | 'output'): Json {
  const schema = z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Json;
  delete schema['$schema'];
  delete schema['$defs'];
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && String(value).startsWith('#/$defs/') ? undefined : value,
  ) as Json;
}

/** Put together from the examples of the fields; none unless everything that is needed has one. */
function exampleOf(properties: Json, required: ReadonlySet<string>): Json {
  const examples = Object.entries(properties).flatMap(([name, schema]) => {
    const [first] = ((schema as Json)['examples'] as unknown[] | undefined) ?? [];
    return first === undefined ? [] : [[name, first] as const];
  });
  const example = Object.fromEntries(examples);
  const isWhole = [...required].every((name) => Object.hasOwn(example, name));
  return examples.length > 0 && isWhole ? { example } : {};
}

const problemSchema: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'hint'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', pattern: '^HOMER_[A-Z_]+$' },
    detail: { type: 'string' },
    hint: { type: 'string' },
    choices: {
      type: 'array',
      items: { type: 'object', properties: { phrase: { type: 'string' }, reading: { type: 'string' } } },
    },
    fields: {
      type: 'array',
      items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } },
    },
  },
};
