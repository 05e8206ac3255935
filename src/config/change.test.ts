import { expect, test } from 'vitest';
import { changeText } from './change.ts';
import { parsePath } from './named.ts';

const set = (text: string | null, named: string, value: unknown): string =>
  changeText(text, [{ path: parsePath(named, text), value }]);

test('a number makes a list where the schema wants one, and a key where it does not', () => {
  expect(set(null, 'hosts.0', 'a.example')).toBe('hosts:\n  - a.example\n');
  expect(set('port: 1 # mine\n', 'hosts.0', 'a.example')).toBe('port: 1 # mine\nhosts:\n  - a.example\n');
  expect(set('hosts: [ a.example ]\n', 'hosts.1', 'b.example')).toBe('hosts: [ a.example, b.example ]\n');
  expect(set(null, 'executors.a.argv.0', 'sh')).toBe('executors:\n  a:\n    argv:\n      - sh\n');
  expect(set(null, 'lanes.0.concurrency', 1)).toBe('lanes:\n  "0":\n    concurrency: 1\n');
});

test.each([
  [null, 'hosts.1', 0],
  ['hosts: [ a.example ]\n', 'hosts.2', 1],
])('in %j the place %s is past the next one', (text, named, next) => {
  expect(() => set(text, named, 'b.example')).toThrow(`the next entry of hosts is ${next}`);
});
