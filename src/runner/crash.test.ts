import { expect, test } from 'vitest';
import { describeCrash } from './crash.ts';

test('a runner that fails tells where, and never the message, which may quote a secret', () => {
  const error = new SyntaxError('Invalid regular expression: /hunter2|\n    at hunter2 (hunter2)/');
  error.stack = `SyntaxError: ${error.message}\n    at createRedactor (file:///src/runner/redaction.ts:31:19)`;
  expect(describeCrash(error)).toBe(
    'SyntaxError\n    at createRedactor (file:///src/runner/redaction.ts:31:19)',
  );
  expect(describeCrash('hunter2')).toBe('string');
  expect(describeCrash(Object.assign(new Error('hunter2'), { code: 'ENOSPC' }))).toMatch(/^Error ENOSPC/);
});
