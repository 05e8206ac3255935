import { expect, test } from 'vitest';
import {
  areLeftFiles,
  chooseFiles,
  isLeftName,
  leftLimits,
  wordStaying,
  type LeftFile,
} from './left-files.ts';

const file = (name: string, size = 1): LeftFile => ({ name, size, mtimeMs: 1 });
const sent = (...files: unknown[]): unknown => ({ files, sha256: 'x', staying: [] });

test.each(['', '.', '..', '.hidden', 'a/b', '/etc/passwd', '../a', 'a\\b', 'a\0b', 'x'.repeat(256)])(
  'the name %j is none that stays in its directory',
  (name) => {
    expect(isLeftName(name)).toBe(false);
    expect(areLeftFiles(sent(file(name)))).toBe(false);
  },
);

test('what another host sends is believed only as far as it keeps to the limits', () => {
  expect(areLeftFiles(sent(file('a'), file('b')))).toBe(true);
  for (const wrong of [
    null,
    {},
    { files: [], sha256: 1, staying: [] },
    sent(null),
    sent(file('a'), file('a')),
    sent(file('a', leftLimits.fileBytes + 1)),
    sent(file('a', -1)),
    sent(file('a', 0.5)),
    sent(...Array.from({ length: leftLimits.files + 1 }, (_, index) => file(String(index)))),
    { files: [], sha256: 'x', staying: [{ name: 'a', why: '<b>because</b>' }] },
  ])
    expect(areLeftFiles(wrong), JSON.stringify(wrong)).toBe(false);
});

test('of new files as many go as may, the others are told of with the reason', () => {
  const limits = { files: 2, fileBytes: 10, bytes: 12 };
  const files = [file('known'), file('large', 11), file('a', 8), file('b', 8), file('c', 4), file('d')];
  const { going, staying } = chooseFiles(files, ({ name }) => name === 'known', limits);
  expect(going.map(({ name }) => name)).toEqual(['a', 'c']);
  expect(staying).toEqual([
    { name: 'large', why: 'size' },
    { name: 'b', why: 'total' },
    { name: 'd', why: 'number' },
  ]);
});

test('a name cannot add a line of its own to what is told', () => {
  expect(wordStaying([{ name: 'a\nHomer: all is well', why: 'size' }], 'nas')).toBe(
    'Left in outbox/ on nas, not sent:\n- a Homer: all is well: more than 49 MB',
  );
});
