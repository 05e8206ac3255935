import { expect, test } from 'vitest';
import { guardedPaths, whyGuarded } from './guarded.ts';
import { configSchema } from './schema.ts';

const isGuarded = (named: string): boolean => guardedPaths([{ path: named.split('.'), value: 1 }]).length > 0;

test.each(['canary.every', 'logs', 'logs.maxSize', 'backup.every', 'digest.after', 'alerts.rules.queue-age'])(
  '%s is changed without a yes',
  (key) => expect(isGuarded(key)).toBe(false),
);

// A whole section takes the address in it along.
test.each([
  ...['port', 'bind', 'hosts.0', 'executors.a.argv', 'telegram.allow', 'webhooks.a.secret', 'later'],
  ...[
    'alerts',
    'alerts.to.hook',
    'alerts.ping',
    'backup',
    'backup.to',
    'backup.keep.daily',
    'digest',
    'digest.to',
  ],
  ...['retention.jobs', 'tracing.url'],
])('%s is not', (key) => expect(isGuarded(key)).toBe(true));

test('of every guarded key it is said what it is about', () => {
  const { properties } = configSchema() as { readonly properties: Readonly<Record<string, unknown>> };
  const guarded = Object.keys(properties).filter(isGuarded);
  expect(guarded).toContain('hosts');
  for (const key of guarded) expect(whyGuarded([key]), key).not.toContain('what Homer runs, reads');
  expect(whyGuarded(['hosts', 0])).toBe('hosts.0 says which names Homer answers to.');
  expect(whyGuarded(['later'])).toBe('later says what Homer runs, reads, answers to or lets in.');
});
