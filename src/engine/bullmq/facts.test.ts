import { expect, test } from 'vitest';
import { describeDurability, factsFrom, warningsOf, whyUnsuitable, type RedisFacts } from './facts.ts';

const info = 'redis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n';
const facts = (changes: Partial<RedisFacts> = {}): RedisFacts => ({
  ...factsFrom(info, {
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  }),
  ...changes,
});

test('what a Redis can lose is said in words', () => {
  const again = 'Homer sends it again from the ledger';
  const said = (changes: Partial<RedisFacts>): string => describeDurability(facts(changes));
  expect(said({})).toBe(`redis 7.0.15: everysec, can lose the last second; ${again}`);
  expect(said({ appendfsync: 'always' })).toBe('redis 7.0.15: always, loses nothing');
  expect(said({ appendfsync: 'no' })).toContain('half minute');
  expect(said({ appendonly: false, save: '3600 1' })).toBe(
    `redis 7.0.15: snapshots only, can lose what came after the last; ${again}`,
  );
  expect(said({ appendonly: false })).toBe(`redis 7.0.15: keeps nothing over a restart; ${again}`);
});

test('a managed Redis that forbids CONFIG is said to be unknown where it does not tell', () => {
  expect(describeDurability(factsFrom(info, null))).toContain('how often it syncs is unknown');
  expect(describeDurability(factsFrom('redis_version:7.2.0\r\n', null))).toContain(
    'unknown (CONFIG is forbidden)',
  );
  expect(warningsOf(factsFrom('redis_version:7.2.0\r\nmaxmemory_policy:allkeys-lru\r\n', null))).toEqual([
    expect.stringContaining('allkeys-lru'),
  ]);
});

test('eviction is warned about', () => {
  expect(warningsOf(facts())).toEqual([]);
  expect(warningsOf(facts({ maxmemoryPolicy: 'volatile-lru' }))).toEqual([
    expect.stringMatching(/volatile-lru.*set noeviction/),
  ]);
});

test('a replica and an old Redis are refused, others with names of their own are not', () => {
  expect(whyUnsuitable(facts())).toBeNull();
  expect(whyUnsuitable(facts({ role: 'slave' }))).toBe('It is a slave and takes no writes.');
  expect(whyUnsuitable(facts({ product: 'redis 6.0.16' }))).toBe(
    'It is redis 6.0.16; at least 6.2 is needed.',
  );
  expect(whyUnsuitable(facts({ product: 'redis 5.9.9' }))).toContain('at least 6.2');
  expect(whyUnsuitable(factsFrom('valkey_version:8.1.0\r\nredis_version:7.2.4\r\n', null))).toBeNull();
});
