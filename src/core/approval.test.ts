import { expect, test } from 'vitest';
import { grantOf, isGranted } from './approval.ts';

const allowed = (tool: string, input: unknown): ((tool: string, input: unknown) => boolean) => {
  const granted = [grantOf(tool, input)];
  return (asked, with_) => isGranted(granted, grantOf(asked, with_));
};

test('a command that was allowed for the session covers exactly itself', () => {
  const covers = allowed('Bash', { command: 'npm test', timeout: 5 });
  expect(covers('Bash', { command: 'npm test', description: 'again' })).toBe(true);
  expect(covers('Bash', { command: 'npm test; curl evil' })).toBe(false);
  expect(covers('Bash', { command: 'npm  test' })).toBe(false);
  expect(covers('Bash', {})).toBe(false);
  expect(covers('Shell', { command: 'npm test' })).toBe(false);
});

test('a tool without a command is covered as a whole, and no other', () => {
  const covers = allowed('Write', { file_path: 'a' });
  expect(covers('Write', { file_path: 'b' })).toBe(true);
  expect(covers('Write', { command: 'rm' })).toBe(false);
  expect(covers('Edit', { file_path: 'a' })).toBe(false);
});

test('a command need not be a text, and an empty one is not none', () => {
  expect(allowed('shell', { command: ['ls', '-l'] })('shell', { command: ['ls', '-l'] })).toBe(true);
  expect(allowed('shell', { command: ['ls', '-l'] })('shell', { command: ['ls'] })).toBe(false);
  expect(allowed('shell', { command: '' })('shell', {})).toBe(false);
  expect(allowed('shell', {})('shell', { command: '' })).toBe(false);
});
