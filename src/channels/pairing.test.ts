import { expect, test } from 'vitest';
import { Pairing } from './pairing.ts';

test('a code lets one person in, once', () => {
  const pairing = new Pairing();
  const { code } = pairing.offer(0);
  expect(pairing.take(code.toUpperCase(), '1', 1)).toBe('taken');
  expect(pairing.take(code, '2', 2)).toBe('wrong');
});

test('a code is of no use after ten minutes', () => {
  const pairing = new Pairing();
  const { code, expiresAt } = pairing.offer(0);
  expect(pairing.take(code, '1', expiresAt)).toBe('wrong');
});

test('whoever guesses is refused after five, even with the right code, and all together after thirty', () => {
  const pairing = new Pairing();
  const { code } = pairing.offer(0);
  for (let i = 0; i < 5; i++) expect(pairing.take('0000-0000', 'eve', 1)).toBe('wrong');
  expect(pairing.take(code, 'eve', 1)).toBe('refused');
  for (let i = 0; i < 25; i++) pairing.take('0000-0000', `eve${i}`, 1);
  expect(pairing.take(code, 'odo', 1)).toBe('refused');
  expect(pairing.take(pairing.offer(700_000).code, 'odo', 700_001)).toBe('taken');
});
