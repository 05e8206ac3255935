import { describe, expect, test } from 'vitest';
import { decideDelivery, deliveryWaitMs, parseTarget, type SendOutcome, saysNothing } from './delivery.ts';

const unknown: SendOutcome = { is: 'unknown', reason: 'cut' };
const once = { repeatable: false, attempts: 1, onUnknown: 'ask' } as const;

test('what may have arrived is never repeated unless that does no harm or somebody chose it', () => {
  expect(decideDelivery(unknown, once)).toEqual({ to: 'end', state: 'unknown', reason: 'cut' });
  expect(decideDelivery(unknown, { ...once, onUnknown: 'drop' })).toMatchObject({ state: 'dropped' });
  expect(decideDelivery(unknown, { ...once, onUnknown: 'resend' })).toMatchObject({ to: 'wait' });
  expect(decideDelivery(unknown, { ...once, repeatable: true })).toMatchObject({ to: 'wait' });
});

test('a channel that says when to come back is obeyed, also when it asks for more than any backoff', () => {
  const flood: SendOutcome = { is: 'temporary', retryAfterMs: 3_600_000, reason: 'flood' };
  expect(decideDelivery(flood, { ...once, attempts: 9 })).toMatchObject({ to: 'wait', ms: 3_600_000 });
});

test('what is refused for good is a dead letter with its reason, however idempotent it is', () => {
  const refused: SendOutcome = { is: 'permanent', reason: 'blocked' };
  expect(decideDelivery(refused, { ...once, repeatable: true })).toEqual({
    to: 'end',
    state: 'dead',
    reason: 'blocked',
  });
});

test('waits grow and stay below five minutes', () => {
  const waits = [1, 2, 3, 30].map(deliveryWaitMs);
  expect(waits).toEqual([waits[0], (waits[0] ?? 0) * 2, (waits[0] ?? 0) * 4, 300_000]);
});

test.each(['telegram:@odo', 'telegram:', 'telegram:12:x', 'mail:a@b', 'telegram:1 ', ''])(
  '"%s" is no target',
  (text) => expect(parseTarget(text)).toBeNull(),
);

test('topics of a chat share a line, since they share its limits', () => {
  expect(parseTarget('telegram:-100:7')).toEqual({
    channel: 'telegram',
    line: 'telegram:-100',
    chat: '-100',
    topic: '7',
  });
});

describe('an answer that says nothing', () => {
  test.each(['OK', ' ok. ', '**OK**', '', 'I looked at all of it.\n\n`OK`\n'])('%j', (text) =>
    expect(saysNothing(text, 'OK')).toBe(true),
  );
  test.each([
    'OK but the disk is full',
    'The disk is full',
    `${'long '.repeat(60)}\nOK`,
    'OK\nThe disk is full',
  ])('not %j', (text) => expect(saysNothing(text, 'OK')).toBe(false));
});
