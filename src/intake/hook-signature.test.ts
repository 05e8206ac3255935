import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import type { HookScheme } from '../core/hook.ts';
import { checkHead, keyOf, signSample, type HookHeaders } from './hook-signature.ts';

const signature = { header: 'x-signature', prefix: 'sha256=', encoding: 'hex' as const };
const now = 1_614_265_330_000;

function check(
  scheme: HookScheme,
  secret: string,
  headers: Record<string, string | string[]>,
  body: string,
  at = now,
): boolean | string {
  const distinct: HookHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat()]),
  );
  const keys = [keyOf(scheme, secret)].filter((key) => key !== null);
  try {
    return checkHead(distinct, { hook: { scheme, signature }, keys, now: at })(Buffer.from(body));
  } catch (error) {
    if (isHomerError(error)) return error.code;
    throw error;
  }
}

describe('GitHub', () => {
  // The example of https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  const secret = "It's a Secret to Everybody";
  const mac = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  const signed = { 'x-hub-signature-256': `sha256=${mac}` };

  test('the documented example is right, and nothing near it', () => {
    expect(check('github', secret, signed, 'Hello, World!')).toBe(true);
    expect(check('github', secret, signed, 'Hello, World! ')).toBe(false);
    expect(check('github', `${secret} `, signed, 'Hello, World!')).toBe(false);
  });

  test.each([
    ['none', {}],
    ['blank', { 'x-hub-signature-256': '' }],
    ['of SHA-1', { 'x-hub-signature': `sha1=${mac.slice(0, 40)}` }],
    ['without its prefix', { 'x-hub-signature-256': mac }],
    ['too short', { 'x-hub-signature-256': `sha256=${mac.slice(2)}` }],
    ['too long', { 'x-hub-signature-256': `sha256=${mac}00` }],
    ['no hex', { 'x-hub-signature-256': `sha256=${'g'.repeat(64)}` }],
    ['twice', { 'x-hub-signature-256': [`sha256=${mac}`, `sha256=${mac}`] }],
  ])('a signature that is %s is refused by the head', (_what, headers) => {
    expect(check('github', secret, headers, 'Hello, World!')).toBe('HOMER_HOOK_UNSIGNED');
  });
});

describe('Standard Webhooks', () => {
  // The vector of the reference implementations, https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const mac = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  const body = '{"test": 2432232314}';
  const signed = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': mac,
  };

  test('the vector is right, with and without the prefix of the secret', () => {
    expect(check('standard-webhooks', secret, signed, body)).toBe(true);
    expect(check('standard-webhooks', secret.slice(6), signed, body)).toBe(true);
    expect(check('standard-webhooks', secret, signed, `${body} `)).toBe(false);
  });

  test('id and time are signed too', () => {
    expect(check('standard-webhooks', secret, { ...signed, 'webhook-id': 'msg_other' }, body)).toBe(false);
    expect(check('standard-webhooks', secret, { ...signed, 'webhook-timestamp': '1614265331' }, body)).toBe(
      false,
    );
  });

  test('any of several signatures may be the right one; those of other versions are none', () => {
    const other = `v1,${Buffer.alloc(32).toString('base64')}`;
    const among = { ...signed, 'webhook-signature': `v1a,xyz ${other} ${mac}` };
    expect(check('standard-webhooks', secret, among, body)).toBe(true);
    for (const text of [
      mac.replace('v1,', 'v2,'),
      mac.replace('v1,', ''),
      mac.replace('+', '-').replace('/', '_'),
    ])
      expect(check('standard-webhooks', secret, { ...signed, 'webhook-signature': text }, body)).toBe(
        'HOMER_HOOK_UNSIGNED',
      );
    const many = { ...signed, 'webhook-signature': `${`${other} `.repeat(16)}${mac}` };
    expect(check('standard-webhooks', secret, many, body)).toBe('HOMER_HOOK_UNSIGNED');
  });

  test('five minutes either way, and not a second more', () => {
    for (const [at, answer] of [
      [now + 300_000, true],
      [now - 300_000, true],
      [now + 301_000, 'HOMER_HOOK_STALE'],
      [now - 301_000, 'HOMER_HOOK_STALE'],
    ] as const)
      expect(check('standard-webhooks', secret, signed, body, at)).toBe(answer);
    for (const stamp of ['', '1614265330.5', '-1', '1e9', 'NaN', ' 1614265330', '9'.repeat(13)])
      expect(check('standard-webhooks', secret, { ...signed, 'webhook-timestamp': stamp }, body)).toBe(
        'HOMER_HOOK_UNSIGNED',
      );
  });

  test('a secret that is no key is none', () => {
    for (const text of ['', '  ', 'whsec_', 'whsec_short', 'not base64!', 'whsec_MfKQ9r8GKYqrTw=jUPD8ILPZ'])
      expect(keyOf('standard-webhooks', text)).toBeNull();
  });
});

describe('Stripe', () => {
  // As https://docs.stripe.com/webhooks/signature writes it: t=…,v1=…,v0=…, over `${t}.${body}`, with the secret as it is shown.
  const secret = 'whsec_c93f1a7d9c4b2e0d6a55';
  const body = '{"id":"evt_1","type":"invoice.paid"}';
  const macOf = (stamp: string, text = body): string =>
    createHmac('sha256', secret).update(`${stamp}.${text}`).digest('hex');
  const stamp = '1614265330';
  const good = `t=${stamp},v1=${macOf(stamp)}`;

  test('its header is read as it is written, in any order', () => {
    for (const header of [
      good,
      `${good},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39`,
      `v1=${'0'.repeat(64)},v1=${macOf(stamp)},t=${stamp}`,
    ])
      expect(check('stripe', secret, { 'stripe-signature': header }, body), header).toBe(true);
    expect(check('stripe', secret, { 'stripe-signature': good }, `${body}\n`)).toBe(false);
  });

  test('an old signature, one of the old version, two times, or none is refused by the head', () => {
    const ask = (header: string): unknown => check('stripe', secret, { 'stripe-signature': header }, body);
    expect(ask(`t=1614265029,v1=${macOf('1614265029')}`)).toBe('HOMER_HOOK_STALE');
    expect(ask(`t=${stamp},v0=${macOf(stamp)}`)).toBe('HOMER_HOOK_UNSIGNED');
    expect(ask(`t=1,${good}`)).toBe('HOMER_HOOK_UNSIGNED');
    expect(ask(`v1=${macOf(stamp)}`)).toBe('HOMER_HOOK_UNSIGNED');
    expect(ask('')).toBe('HOMER_HOOK_UNSIGNED');
  });

  test('the time that was signed is the one that counts', () => {
    const later = String(Number(stamp) + 60);
    expect(check('stripe', secret, { 'stripe-signature': `t=${later},v1=${macOf(stamp)}` }, body)).toBe(
      false,
    );
  });
});

describe('bearer', () => {
  const secret = 'a-secret-of-more-than-16';
  test('is decided by the head', () => {
    expect(check('bearer', secret, { authorization: `Bearer ${secret}` }, '')).toBe(true);
    expect(check('bearer', secret, { authorization: `bearer  ${secret}` }, 'x')).toBe(true);
    for (const wrong of [`Bearer ${secret}x`, `Bearer ${secret.slice(1)}`, 'Bearer x'])
      expect(check('bearer', secret, { authorization: wrong }, '')).toBe('HOMER_HOOK_SIGNATURE');
    for (const none of ['', 'Bearer', 'Bearer  ', `Basic ${secret}`, secret])
      expect(check('bearer', secret, { authorization: none }, '')).toBe('HOMER_HOOK_UNSIGNED');
  });

  test('without a secret nobody is let in, also not with a blank one', () => {
    expect(keyOf('bearer', '')).toBeNull();
    expect(keyOf('bearer', ' \t')).toBeNull();
    expect(check('bearer', '', { authorization: 'Bearer x' }, '')).toBe('HOMER_HOOK_SIGNATURE');
  });
});

test('what is signed as a sample is right in each scheme, and only there', () => {
  const body = '{"id":"evt_1"}';
  const secrets: Record<HookScheme, string> = {
    github: 'a',
    stripe: 'b',
    'standard-webhooks': `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    bearer: 'c',
    hmac: 'd',
  };
  for (const scheme of Object.keys(secrets) as HookScheme[]) {
    const headers = signSample({ scheme, signature, idHeader: 'x-id' }, secrets[scheme], {
      body,
      id: 'i',
      now,
    });
    expect(check(scheme, secrets[scheme], headers, body), scheme).toBe(true);
    if (scheme !== 'bearer') expect(check(scheme, secrets[scheme], headers, `${body} `), scheme).toBe(false);
  }
});
