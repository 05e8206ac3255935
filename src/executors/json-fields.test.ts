import { expect, test } from 'vitest';
import { parseFields } from './json-fields.ts';

const nested = (levels: number): string => `{"a":${'['.repeat(levels)}1${']'.repeat(levels)}}`;

test('a line that is nested beyond reason is no JSON, however deep it goes', () => {
  expect(parseFields(nested(200))).not.toBeNull();
  for (const levels of [256, 3_500, 500_000]) expect(parseFields(nested(levels))).toBeNull();
});

test('brackets in a text are no levels', () => {
  const text = `${'[{'.repeat(5_000)}"\\"`;
  expect(parseFields(JSON.stringify({ text }))).toEqual({ text });
});
