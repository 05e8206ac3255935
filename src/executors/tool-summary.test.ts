import { expect, test } from 'vitest';
import { summariseInput, summariseOutput } from './tool-summary.ts';

test('a call is told by what names it best', () => {
  expect(summariseInput({ description: 'Lists files', command: 'ls -la' })).toBe('ls -la');
  expect(summariseInput({ content: 'x', file_path: '/a/b.txt' })).toBe('/a/b.txt');
  expect(summariseInput({ other: 3, note: 'first text' })).toBe('first text');
});

test('more than a line is cut and says so', () => {
  expect(summariseInput({ command: 'cd /a\nmake' })).toBe('cd /a …');
  expect(summariseInput({ command: 'x'.repeat(500) })).toHaveLength(160);
});

test('what cannot be told is empty, never an error', () => {
  for (const odd of [null, undefined, 7, 'text', [], {}, { a: 1 }]) expect(summariseInput(odd)).toBe('');
  for (const odd of [null, undefined, 7, {}, [], [{ type: 'image' }]]) expect(summariseOutput(odd)).toBe('');
});

test('an output is told by its first line, as text or as blocks', () => {
  expect(summariseOutput('ok\nmore')).toBe('ok …');
  expect(summariseOutput([{ type: 'image' }, { type: 'text', text: 'seen' }])).toBe('seen');
});
