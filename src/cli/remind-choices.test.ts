import { expect, test } from 'vitest';
import { HomerError } from '../core/errors.ts';
import { withCommands } from './remind-choices.ts';

test('a reminder that may mean two things is answered with commands that can be copied', () => {
  const choices = [
    { phrase: "on 2026-11-26 at 09:00 UTC: Ann's tea", reading: 'once, on …' },
    { phrase: 'every day at 09:00 UTC: tea', reading: 'every day, …' },
  ];
  const error = new HomerError('HOMER_REMINDER_AMBIGUOUS', 'It may mean two things.', {
    details: { choices },
  });
  expect(withCommands(error, ['--notify', 'telegram:1'])).toMatchObject({
    code: 'HOMER_REMINDER_AMBIGUOUS',
    message: 'It may mean two things.',
    hint: [
      'Say which is meant:',
      "  homer remind --notify telegram:1 'on 2026-11-26 at 09:00 UTC: Ann'\\''s tea'",
      "  homer remind --notify telegram:1 'every day at 09:00 UTC: tea'",
    ].join('\n'),
    details: { choices },
  });
  const bare = new HomerError('HOMER_REMINDER_AMBIGUOUS', 'Of an older daemon.');
  expect(withCommands(bare, [])).toBe(bare);
});
