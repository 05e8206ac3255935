import { expect, test } from 'vitest';
import { parseJsonBody } from './json-body.ts';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));

test('plain JSON is read, an empty body is none', () => {
  expect(parse('{"a":[1,"ü",null]}')).toEqual({ a: [1, 'ü', null] });
  expect(parse('')).toBeUndefined();
});

test.each([
  ['{"a":{"__proto__":1}}', '__proto__'],
  ['[{"b":[{"\\u005f_proto__":{}}]}]', '__proto__'],
  [`${'['.repeat(65)}${']'.repeat(65)}`, 'nested deeper'],
  [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'nested deeper'],
  ['{"a":1', 'is not JSON'],
])('%.20s is refused', (text, why) => {
  expect(() => parse(text)).toThrow(why);
});

test('64 levels are fine, bytes that are no text are not', () => {
  expect(parse(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeDefined();
  expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow('is not JSON');
});
