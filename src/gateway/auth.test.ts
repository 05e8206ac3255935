import { expect, test } from 'vitest';
import { createAuthenticator, ownerGrant } from './auth.ts';
import { loggable } from '../core/loggable.ts';
import { peerOf } from './peer.ts';

test('one peer has one name, however its address is written', () => {
  expect(
    new Set(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'].map(peerOf)),
  ).toEqual(new Set(['loopback']));
  expect(peerOf('::ffff:1.2.3.4')).toBe(peerOf('1.2.3.4'));
  expect(peerOf('127.evil.com')).not.toBe('loopback');
  expect(peerOf('1270.0.0.1')).not.toBe('loopback');
});

test('a blank token lets nobody in', () => {
  const authenticator = createAuthenticator({
    grants: [ownerGrant('')],
    now: () => 0,
    peerOf: () => 'loopback',
    port: () => 1,
  });
  const request = (authorization: string): never => ({ headers: { authorization }, socket: {} }) as never;
  for (const header of ['', 'Bearer ', 'Bearer', 'Bearer undefined'])
    expect(() => authenticator.authenticate(request(header))).toThrow();
});

test('text for the log has no control characters and an end', () => {
  expect(loggable('a\n\u001b[31mb\u202ec\u2028\u0000')).toBe('a??[31mb?c??');
  expect(loggable('x'.repeat(300))).toHaveLength(256);
  expect(loggable('plain – ü')).toBe('plain – ü');
  expect(loggable(undefined)).toBeNull();
});
