import { expect, test } from 'vitest';
import type { Turn } from './executor.ts';
import { resumePreamble, turnAs, withPreamble } from './preamble.ts';

const fresh: Turn = { prompt: 'Count.', cwd: '/', session: { id: 'x', mode: 'new' }, preamble: null };

test('a turn in its own mode is left as it is: a later turn of a session was not interrupted', () => {
  const later: Turn = { ...fresh, session: { id: 'x', mode: 'resume' } };
  expect(turnAs(later, 'resume')).toBe(later);
  expect(turnAs(fresh, 'new')).toBe(fresh);
});

test('a turn whose id an earlier start has used tells the agent that it was interrupted', () => {
  expect(turnAs(fresh, 'resume')).toEqual({
    ...fresh,
    session: { id: 'x', mode: 'resume' },
    preamble: resumePreamble,
  });
});

test('an interrupted turn that is started anew is still told to check: a tool may have run', () => {
  expect(turnAs(turnAs(fresh, 'resume'), 'new')).toEqual({ ...fresh, preamble: resumePreamble });
});

test('without a preamble the prompt is all that is said', () => {
  expect(withPreamble(null, 'Count.')).toBe('Count.');
});
