import { expect, test } from 'vitest';
import { createRedactor } from './redaction.ts';
import { resultOf } from './result.ts';

test('an end beyond measure becomes a record that can be read, and says what is missing', () => {
  const x = '\u0001'.repeat(6_000_000);
  const result = resultOf(
    { type: 'end', verdict: 'done', text: x, data: { x }, message: x },
    { tree: 'unproven', pids: [7] },
    createRedactor([]),
  );
  expect(JSON.stringify(result).length).toBeLessThan(8 * 1024 * 1024);
  expect(result).toMatchObject({ verdict: 'done', data: null });
  expect(result.message).toMatch(/left out\. Processes that could not be seen to end: 7\.$/);
});

test('an ordinary one is whole, without its secrets', () => {
  const end = { type: 'end', verdict: 'done', text: 'a sk-secret', data: { k: ['sk-secret'] } } as const;
  expect(resultOf(end, { tree: 'dead' }, createRedactor(['sk-secret']))).toEqual({
    verdict: 'done',
    text: 'a [redacted]',
    data: { k: ['[redacted]'] },
    message: null,
    until: null,
  });
});
