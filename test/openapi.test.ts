// The description of the API, as a linter of such descriptions sees it.

import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect, test } from 'vitest';
import { listOperations } from '../scripts/render-calls.ts';
import { renderApiPage } from '../src/gateway/api-page.ts';
import { describeApi } from '../src/gateway/openapi.ts';
import { routes } from '../src/operations/routes.ts';

test('the OpenAPI document has nothing that its linter complains of', async () => {
  const source = JSON.stringify(describeApi(listOperations(), '0.0.0'));
  const config = await createConfig({ extends: ['recommended-strict'] });
  const found = await lintFromString({ source, absoluteRef: '/openapi.json', config });
  expect(found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test('a planted fault is found', async () => {
  const document = describeApi(listOperations(), '0.0.0');
  const planted = { ...document, paths: { '/x/{id}': { get: { responses: {} } } } };
  const config = await createConfig({ extends: ['recommended-strict'] });
  const found = await lintFromString({
    source: JSON.stringify(planted),
    absoluteRef: '/openapi.json',
    config,
  });
  expect(found.length).toBeGreaterThan(2);
});

test('every operation is in the document and on the page, once, and the page runs no script', () => {
  const document = describeApi(listOperations(), '0.0.0');
  const ids = Object.values(document['paths'] as Record<string, Record<string, { operationId: string }>>)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId);
  expect(ids).toEqual(expect.arrayContaining(Object.keys(routes)));
  expect(new Set(ids).size).toBe(ids.length);
  const { html, policy } = renderApiPage(document);
  for (const id of ids) expect(html.split(`id="${id}"`)).toHaveLength(2);
  expect(html).not.toMatch(/<script|javascript:|\son\w+=/i);
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/);
});
