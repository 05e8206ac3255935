// docs/configuration.md against the schema of config.yaml, both ways.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configSchema } from '../src/config/schema.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** `lanes`, `lanes.NAME.rate`, …; secrets have a form of their own and are not looked into. */
function keysOf(schema: Schema, at = ''): string[] {
  const own = Object.entries(schema.properties ?? {});
  const kinds = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const named = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
  return [
    ...own.flatMap(([key, below]) => [`${at}${key}`, ...keysOf(below, `${at}${key}.`)]),
    ...kinds.filter((kind) => kind.properties?.['kind'] !== undefined).flatMap((kind) => keysOf(kind, at)),
    ...named.flatMap((below) => keysOf(below, `${at}NAME.`)),
  ];
}

test('every key of config.yaml stands in docs/configuration.md, and no other', () => {
  const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  const [tables = ''] = page.split('## Environment');
  const told = [...tables.matchAll(/^\| `([^`]+)` \|/gm)].map(([, key = '']) => key);
  expect(new Set(told).size).toBe(told.length);
  const keys = new Set(keysOf(configSchema() as Schema));
  // A lane's budget has the keys of `budget`.
  const wanted = [...keys].filter((key) => !key.startsWith('lanes.NAME.budget.'));
  expect(told.toSorted()).toEqual(wanted.toSorted());
});
