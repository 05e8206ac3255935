// docs/security.md against the tests it names: a case that is said to be held has a test with its number.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The numbers at the beginning of a test's name: `'2, 3 who guesses …'`, `'abuse 12: an upgrade …'`. */
function numbersIn(source: string): ReadonlySet<number> {
  const names = source.matchAll(/(?:test|describe|\]\))\(\s*['"`](?:abuse )?(\d{1,2}(?:, \d{1,2})*)[: ]/g);
  return new Set([...names].flatMap(([, numbers = '']) => numbers.split(', ').map(Number)));
}

const rows = [...read('docs/security.md').matchAll(/^\| (\d+) \| .* \| (.*) \|$/gm)].map(
  ([, number, held = '']) => ({
    number: Number(number),
    files: [...held.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file),
    held,
  }),
);

test('the table has every case once, in order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 64 }, (_, index) => index + 1));
});

test.each(rows.map(({ number, files, held }) => [number, files, held] as const))(
  'case %i is held by the files it names',
  (number, files, held) => {
    if (files.length === 0) expect(held).toBe('–');
    for (const file of files) expect(numbersIn(read(file)), file).toContain(number);
  },
);
