import { expect, test } from 'vitest';
import { createEntryLines } from './entry-lines.ts';

const started = (mode: 'new' | 'resume') =>
  ({ n: 1, at: 1, type: 'agent_started', pid: 1, pidNamespace: null, mode }) as const;

test('tells whether a run goes on in its agent session, and when the agent has nothing of it', () => {
  const lines = createEntryLines();
  expect(lines(started('new'))).toEqual([]);
  expect(lines(started('resume'))).toEqual(['It goes on in the same agent session.']);
  expect(lines(started('new'))).toEqual(['The agent has nothing of that session; it starts anew.']);
  expect(lines(started('new'))).toEqual([]);
});
