import { expect, test } from 'vitest';
import { isAgentSessionId } from './session.ts';

test.each([
  '27c387e2-b5f4-414f-82f4-46ecd7697727',
  'session_ed08d1f3-4d80-458a-9f3b-64a6d3929918',
  'ses_df6c89bdbffewDXCtDyZgrKSUO',
  '7',
])('%s is the id of a session', (id) => {
  expect(isAgentSessionId(id)).toBe(true);
});

test.each([
  '',
  '--dangerously-skip-permissions',
  '-x',
  'a b',
  'a\u0000b',
  'a\nb',
  '\u001b[31m',
  'ü',
  'x'.repeat(257),
])('%j is none: it would be an option, unseen, or without end', (id) => {
  expect(isAgentSessionId(id)).toBe(false);
});
