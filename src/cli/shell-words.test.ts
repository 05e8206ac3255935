import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellCommand } from './shell-words.ts';

test('plain words stay as they are', () => {
  expect(shellCommand('/srv/web', ['claude', '--resume', 'a-1'])).toBe('cd /srv/web && claude --resume a-1');
});

test('a shell takes every word for what it was', () => {
  // oxlint-disable-next-line no-control-regex -- a NUL cannot be part of an argument
  const word = fc
    .string({ unit: 'binary', maxLength: 12 })
    .filter((text) => !/\0/.test(text) && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const command = shellCommand('/', ['printf', '%s\\0', ...words]);
      const said = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
      expect(said).toBe(words.map((each) => `${each}\0`).join(''));
    }),
    { numRuns: 40 },
  );
});
