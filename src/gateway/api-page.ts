// The API as a page to browse: made from the OpenAPI document, without a script, a picture or an address elsewhere.

import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Operation } from '../operations/operation.ts';
import { describeApi } from './openapi.ts';
import { plainHeaders } from './problem-details.ts';

/** Answers with the page, which is made when it is first asked for. It tells nothing that the sources do not, so it needs no token. */
export function createApiPage(operations: readonly Operation[]): (response: ServerResponse) => void {
  let page: ReturnType<typeof renderApiPage> | null = null;
  return (response) => {
    // Which version runs here is not for everybody.
    page ??= renderApiPage(describeApi(operations, ''));
    response.writeHead(200, {
      ...plainHeaders,
      'content-security-policy': page.policy,
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(page.html)),
    });
    response.end(page.html);
  };
}

type Json = Readonly<Record<string, unknown>>;

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
code,pre{font:0.9em/1.45 ui-monospace,monospace}
pre{overflow-x:auto;padding:.75rem;border:1px solid;border-radius:.4rem}
details{border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent);padding:.5rem 0}
summary{cursor:pointer}
summary b{display:inline-block;min-width:4.5em}
summary span{display:block;padding-left:1.1em}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;overflow-wrap:anywhere}
nav ul{columns:12rem;padding-left:1rem}`;

/** The page, and the Content-Security-Policy under which it is shown. */
export function renderApiPage(document: Json): { readonly html: string; readonly policy: string } {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document['paths'] as Record<string, Record<string, Json>>))
    for (const [method, operation] of Object.entries(methods)) {
      const [tag = ''] = operation['tags'] as string[];
      const list = groups.get(tag) ?? [];
      groups.set(tag, list);
      list.push(renderOperation(path, method.toUpperCase(), operation));
    }
  const tags = [...groups.keys()].sort();
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Homer: API</title><style>${style}</style></head>
<body>
<h1>Homer: API</h1>
<p>Every request carries <code>Authorization: Bearer TOKEN</code>, with the content of the file <code>token</code> in the state directory.
Errors are problem details (RFC 9457): <code>code</code> says what happened, <code>hint</code> what to do. Each operation can also be asked
for over WebSocket, at <code>/ws</code>, by its name. <code>/openapi.json</code> is the same for programs.</p>
<nav aria-label="Operations by subject"><ul>${tags.map((tag) => `<li><a href="#tag-${escape(tag)}">${escape(tag)}</a></li>`).join('')}</ul></nav>
<main>${tags.map((tag) => `<h2 id="tag-${escape(tag)}">${escape(tag)}</h2>\n${(groups.get(tag) ?? []).join('\n')}`).join('\n')}</main>
</body>
</html>
`;
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { html, policy };
}

function renderOperation(path: string, method: string, operation: Json): string {
  const id = String(operation['operationId']);
  const parameters = (operation['parameters'] as Json[] | undefined) ?? [];
  const body = contentOf(operation['requestBody'], 'application/json');
  const answer = contentOf((operation['responses'] as Json)['200'], 'application/json');
  const parts = [
    fieldTable(
      'Parameters',
      parameters.map(({ name, in: place, required, schema }) => [
        `${String(name)} (${String(place)})`,
        schema as Json,
        required === true,
      ]),
    ),
    fieldTable('Body', fieldsOf(body?.['schema'])),
    body?.['example'] === undefined ? '' : example('Example', body['example']),
    fieldTable('Answer', fieldsOf(answer?.['schema'])),
  ];
  return `<details id="${escape(id)}"><summary><b>${method}</b> <code>${escape(path)}</code>
<span>${escape(String(operation['summary']))}</span></summary>
<p>Operation <code>${escape(id)}</code>, scope <code>${escape(String(operation['x-homer-scope']))}</code></p>
${parts.join('\n')}</details>`;
}

type Field = readonly [name: string, schema: Json, isRequired: boolean];

function fieldTable(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return '';
  const rows = fields.map(
    ([name, schema, isRequired]) =>
      `<tr><td><code>${escape(name)}</code></td><td>${escape(typeText(schema))}${isRequired ? '' : ', optional'}</td><td>${escape(textOf(schema['description'], ''))}</td></tr>`,
  );
  return `<h3>${title}</h3><table><tbody>${rows.join('')}</tbody></table>`;
}

function fieldsOf(schema: unknown): Field[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, field]) => [name, field, required.includes(name)]);
}

function example(title: string, value: unknown): string {
  return `<h3>${title}</h3><pre>${escape(JSON.stringify(value, null, 2))}</pre>`;
}

/** In a line, one level deep: what a person wants to know first. */
function typeText(schema: Json): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' | ');
  const options = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined;
  if (options !== undefined) return [...new Set(options.map(typeText))].join(' | ');
  if (schema['type'] === 'array') return `list of ${typeText((schema['items'] ?? {}) as Json)}`;
  if (schema['type'] === 'object') {
    const names = Object.keys(schema['properties'] ?? {});
    return names.length === 0 ? 'object' : `{ ${names.join(', ')} }`;
  }
  const bounds = [
    ['at least', schema['minimum'] ?? schema['minLength']],
    ['at most', schema['maximum'] ?? schema['maxLength']],
  ].filter(([, bound]) => typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER);
  const type = Array.isArray(schema['type'])
    ? schema['type'].join(' | ')
    : textOf(schema['type'], 'any JSON');
  return [type, ...bounds.map(([word, bound]) => `${String(word)} ${String(bound)}`)].join(', ');
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function contentOf(value: unknown, type: string): Json | undefined {
  const { content = {} } = (value ?? {}) as { content?: Record<string, Json> };
  return content[type];
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
