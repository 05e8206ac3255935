import { expect, test } from 'vitest';
import { decideOutcome, isNeverSent, type ApiFailure } from './outcome.ts';
import { decideAfterFailure } from './polling.ts';

const refused = (code: number, description: string, retryAfter: number | null = null): ApiFailure => ({
  is: 'refused',
  code,
  description,
  retryAfter,
  migratedTo: null,
});

test('only what Telegram said it did not do may be sent again', () => {
  expect(decideOutcome({ is: 'cut', sent: true, reason: 'reset' }, false)).toMatchObject({ is: 'unknown' });
  expect(decideOutcome({ is: 'cut', sent: false, reason: 'refused' }, false)).toMatchObject({
    is: 'temporary',
  });
  expect(decideOutcome(refused(500, 'Internal'), false)).toMatchObject({ is: 'temporary' });
  expect(decideOutcome(refused(403, 'bot was blocked by the user'), false)).toMatchObject({
    is: 'permanent',
  });
});

test('an edit that changes nothing has arrived; one of a message that is gone says so', () => {
  expect(decideOutcome(refused(400, 'Bad Request: message is not modified'), true)).toBe('same');
  expect(decideOutcome(refused(400, 'Bad Request: message to edit not found'), true)).toMatchObject({
    gone: true,
  });
});

test('a pause is at least as long as asked', () => {
  const outcome = decideOutcome(refused(429, 'Too Many Requests', 7), false);
  expect(outcome).toMatchObject({ is: 'temporary' });
  expect(outcome !== 'same' && outcome.is === 'temporary' ? outcome.retryAfterMs : 0).toBeGreaterThan(7_000);
});

test('only errors from before the connection prove that nothing went out', () => {
  const failed = (code: string): Error =>
    new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
  expect(isNeverSent(failed('ECONNREFUSED'))).toBe(true);
  expect(isNeverSent(failed('ECONNRESET'))).toBe(false);
  expect(isNeverSent(failed('UND_ERR_SOCKET'))).toBe(false);
});

test('a second poller and a bad token are named, and neither is asked at full speed', () => {
  expect(decideAfterFailure(refused(401, 'Unauthorized'), 0)).toMatchObject({
    waitMs: null,
    trouble: { code: 'HOMER_TELEGRAM_TOKEN' },
  });
  const conflict = decideAfterFailure(refused(409, 'Conflict'), 0);
  expect(conflict.trouble?.code).toBe('HOMER_TELEGRAM_CONFLICT');
  expect(conflict.waitMs).toBeGreaterThanOrEqual(30_000);
});

test('one lost poll is no trouble, several are', () => {
  const cut: ApiFailure = { is: 'cut', sent: true, reason: 'reset' };
  expect(decideAfterFailure(cut, 0).trouble).toBeNull();
  expect(decideAfterFailure(cut, 3).trouble?.code).toBe('HOMER_TELEGRAM_AWAY');
});
