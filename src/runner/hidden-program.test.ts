import { expect, test } from 'vitest';
import { startFailure } from './hidden-program.ts';

const complaint = 'bwrap: execvp /tmp/x/agent: No such file or directory';

test('a program that the sandbox hides is said to be hidden, not missing', () => {
  expect(startFailure(complaint, true)).toMatch(/\/tmp\/x\/agent .*hidden by the sandbox.*`writable`/);
  expect(startFailure(complaint, false)).toBe(`The program cannot be started: ${complaint}.`);
  const refused = 'bwrap: execvp /opt/agent: Permission denied';
  expect(startFailure(refused, true)).toBe(`The program cannot be started: ${refused}.`);
});
