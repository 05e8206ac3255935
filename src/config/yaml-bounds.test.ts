// What would keep the daemon busy for a minute is told at once.

import { expect, test } from 'vitest';
import { parseConfigText } from './document.ts';
import { changeText } from './change.ts';
import { findExcess } from './yaml-bounds.ts';

const names = Array.from({ length: 1290 }, (_, index) => index.toString(36));
const aliases = `a: [${names.map((name) => `&${name} 1`).join(',')},${'1,'.repeat(240_000)}*0]`;

test.each([
  ['anchors and aliases', aliases, 'has more than 100 anchors and aliases'],
  ['nesting', `a: ${'['.repeat(400_000)}`, 'holds more than any configuration needs'],
  ['keys', Array.from({ length: 60_000 }, (_, index) => `k${index}: {}`).join('\n'), 'holds more than'],
])('too many %s', (_what, text, message) => {
  expect(findExcess(text)).toContain(message);
  const { isReadable, problems } = parseConfigText(text);
  expect([isReadable, problems[0]?.message]).toEqual([false, expect.stringContaining(message)]);
  expect(() => changeText(text, [{ path: ['lanes', 'x'], value: {} }])).toThrow('cannot be read');
});

test('a change that would make it so is refused', () => {
  const lanes = Object.fromEntries(Array.from({ length: 48_000 }, (_, index) => [`l${index}`, {}]));
  expect(() => changeText('', [{ path: ['lanes'], value: lanes }])).toThrow('holds more than');
});

test('stars and ampersands of honest texts are none of it', () => {
  const crons = Array.from({ length: 500 }, () => '- */5 * * * *').join('\n');
  expect(findExcess(`schedules:\n${crons}\nnote: "*a &b *c"\ntext: |\n  *x &y\n`)).toBe(
    'has more than 100 anchors and aliases',
  );
  const quoted = Array.from({ length: 500 }, () => '- "*/5 * * * *"').join('\n');
  expect(findExcess(`schedules:\n${quoted}\nnote: a *b &c *d\ntext: |\n  *x &y\n`)).toBeNull();
});
