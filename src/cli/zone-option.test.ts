import { expect, test } from 'vitest';
import { HomerError } from '../core/errors.ts';
import { checkZone } from './zone-option.ts';

function hintFor(zone: string): string {
  try {
    checkZone(zone);
  } catch (error) {
    if (
      error instanceof HomerError &&
      error.code === 'HOMER_INPUT_INVALID' &&
      error.message.startsWith('--tz: ')
    )
      return error.hint;
    throw error;
  }
  return '';
}

test('a zone that there is not is named with its option, and with the one that was meant', () => {
  expect(hintFor('Europe/Berln')).toBe('Did you mean --tz Europe/Berlin?');
  expect(hintFor('new york')).toBe('Did you mean --tz America/New_York?');
  expect(hintFor('+02:00')).toBe('Zones have names like Europe/Berlin, or UTC.');
  expect(hintFor('Europe/Berlin')).toBe('');
  expect(() => checkZone(undefined)).not.toThrow();
});
