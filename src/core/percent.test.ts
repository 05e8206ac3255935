import { expect, test } from 'vitest';
import { percentDecoded } from './percent.ts';

test.for([
  ['p%40ss', 'p@ss'],
  ['100%', '100%'],
  ['%zz%41', '%zz%41'],
  ['%ff', '%ff'],
  ['', ''],
] as const)('%s is decoded, or left as it stands', ([text, decoded]) => {
  expect(percentDecoded(text)).toBe(decoded);
});
