import { expect, test } from 'vitest';
import { stateOf } from './components.ts';

const well = { name: 'ledger', status: 'pass' } as const;

test('a part that is not well is not hidden behind a word that says healthy, but for those that are nobody else’s', () => {
  expect(stateOf('healthy', [well])).toBe('healthy');
  expect(stateOf('healthy', [well, { name: 'scheduler', status: 'fail' }])).toBe('degraded');
  expect(stateOf('healthy', [well, { name: 'disk', status: 'warn' }])).toBe('degraded');
  expect(stateOf('healthy', [well, { name: 'executor:claude', status: 'warn' }])).toBe('healthy');
  expect(stateOf('healthy', [well, { name: 'worker:box', status: 'warn' }])).toBe('healthy');
});

test('down is down, held is degraded, and one that drains is well', () => {
  expect(stateOf('down', [well])).toBe('down');
  expect(stateOf('held', [well])).toBe('degraded');
  expect(stateOf('draining', [{ name: 'disk', status: 'warn' }])).toBe('healthy');
});
