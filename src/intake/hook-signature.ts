// Proof that a delivery comes from who holds the secret: what can be told from the head is, before the body is read; the rest
// is a function over the body. All compares take the same time whether they fit or not.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookConfig } from '../config/webhooks.ts';
import { HomerError } from '../core/errors.ts';
import { isStampFresh } from '../core/hook.ts';

/** As Node has them in `headersDistinct`: names in lower case, every value of each. */
export type HookHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** Whether the body is the one that was signed. */
export type VerifyBody = (body: Uint8Array) => boolean;

export interface HeadOptions {
  readonly hook: Pick<WebhookConfig, 'scheme' | 'signature'>;
  /** Keys, see `keyOf`; each may have made the signature. */
  readonly keys: readonly Buffer[];
  /** ms since the epoch. */
  readonly now: number;
}

/** More signatures in one header are nobody's rotation of keys. */
const mostSignatures = 16;

/**
 * Looks at the head. Throws HOMER_HOOK_UNSIGNED, HOMER_HOOK_STALE, and for `bearer`, where the head is all there is,
 * HOMER_HOOK_SIGNATURE.
 */
export function checkHead(headers: HookHeaders, options: HeadOptions): VerifyBody {
  return readers[options.hook.scheme](headers, options);
}

/** The key behind a secret; null when the text is no secret of this scheme. A blank one never is. */
export function keyOf(scheme: WebhookConfig['scheme'], secret: string): Buffer | null {
  if (secret.trim() === '') return null;
  if (scheme !== 'standard-webhooks') return Buffer.from(secret, 'utf8');
  const text = secret.replace(/^whsec_/, '');
  const key = Buffer.from(text, 'base64');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && key.length >= 16 ? key : null;
}

/** The headers with which a sender of this scheme would send the body; for samples. */
export function signSample(
  hook: Pick<WebhookConfig, 'scheme' | 'signature' | 'idHeader'>,
  secret: string,
  { body, id, now }: { readonly body: string; readonly id: string; readonly now: number },
): Record<string, string> {
  const key = keyOf(hook.scheme, secret) ?? Buffer.alloc(0);
  const seconds = String(Math.floor(now / 1000));
  const named: Record<string, string> = hook.idHeader === null ? {} : { [hook.idHeader]: id };
  switch (hook.scheme) {
    case 'github':
      return { ...named, 'x-hub-signature-256': `sha256=${mac(key, body).toString('hex')}` };
    case 'stripe':
      return { 'stripe-signature': `t=${seconds},v1=${mac(key, `${seconds}.`, body).toString('hex')}` };
    case 'standard-webhooks': {
      const signature = mac(key, `${id}.${seconds}.`, body).toString('base64');
      return {
        'webhook-id': id,
        'webhook-timestamp': seconds,
        'webhook-signature': `v1,${signature}`,
      };
    }
    case 'bearer':
      return { ...named, authorization: `Bearer ${secret}` };
    case 'hmac': {
      const { header, prefix, encoding } = hook.signature;
      return { ...named, [header]: prefix + mac(key, body).toString(encoding) };
    }
  }
}

type Reader = (headers: HookHeaders, options: HeadOptions) => VerifyBody;

const readers: Readonly<Record<WebhookConfig['scheme'], Reader>> = {
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github(headers, { keys }) {
    const text = only(headers, 'x-hub-signature-256');
    if (!text.startsWith('sha256=')) throw unsigned('X-Hub-Signature-256 does not begin with "sha256=".');
    return verifier(keys, [fromHex(text.slice(7))], []);
  },

  // https://docs.stripe.com/webhooks/signature
  stripe(headers, { keys, now }) {
    const pairs = only(headers, 'stripe-signature')
      .split(',')
      .map((pair) => pair.trim().split('=', 2));
    const stamps = pairs.filter(([name]) => name === 't').map(([, value = '']) => value);
    const signatures = pairs.filter(([name]) => name === 'v1').map(([, value = '']) => fromHex(value));
    const [stamp = '', ...more] = stamps;
    if (more.length > 0) throw unsigned('Stripe-Signature has more than one time.');
    checkStamp(stamp, now);
    return verifier(keys, signatures, [`${stamp}.`]);
  },

  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  'standard-webhooks'(headers, { keys, now }) {
    const [id, stamp] = [only(headers, 'webhook-id'), only(headers, 'webhook-timestamp')];
    checkStamp(stamp, now);
    const signatures = only(headers, 'webhook-signature')
      .split(' ')
      .filter((each) => each.startsWith('v1,'))
      .map((each) => fromBase64(each.slice(3)));
    return verifier(keys, signatures, [`${id}.${stamp}.`]);
  },

  bearer(headers, { keys }) {
    const token = /^Bearer +([^\s]+) *$/i.exec(only(headers, 'authorization'))?.[1];
    if (token === undefined) throw unsigned('The request carries no `Authorization: Bearer` header.');
    const shown = digest(token);
    let isKnown = false;
    for (const key of keys) isKnown = timingSafeEqual(digest(key), shown) || isKnown;
    if (!isKnown) throw wrongSignature();
    return () => true;
  },

  hmac(headers, { hook, keys }) {
    const { header, prefix, encoding } = hook.signature;
    const text = only(headers, header);
    if (!text.startsWith(prefix)) throw unsigned(`${header} does not begin with ${JSON.stringify(prefix)}.`);
    const rest = text.slice(prefix.length);
    return verifier(keys, [encoding === 'hex' ? fromHex(rest) : fromBase64(rest)], []);
  },
};

export function wrongSignature(): HomerError {
  return new HomerError('HOMER_HOOK_SIGNATURE', 'The delivery was not made with the secret of this webhook.');
}

function unsigned(detail: string): HomerError {
  return new HomerError('HOMER_HOOK_UNSIGNED', detail);
}

/** Its one value: of several, another program in front of us might have checked another one. */
function only(headers: HookHeaders, name: string): string {
  const [value, ...more] = headers[name] ?? [];
  if (value === undefined) throw unsigned(`The header ${name} is missing.`);
  if (more.length > 0) throw unsigned(`The header ${name} was sent more than once.`);
  return value;
}

function checkStamp(text: string, now: number): void {
  if (!/^\d{1,12}$/.test(text)) throw unsigned('The time of the signature is missing or no number.');
  if (!isStampFresh(Number(text), now))
    throw new HomerError(
      'HOMER_HOOK_STALE',
      'The time of the signature is more than five minutes away from ours.',
    );
}

/** null: not the 32 bytes of a SHA-256. */
function fromHex(text: string): Buffer | null {
  return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : null;
}

function fromBase64(text: string): Buffer | null {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, 'base64') : null;
}

/** Refuses a head without a readable signature; otherwise any of them may fit. */
function verifier(
  keys: readonly Buffer[],
  found: readonly (Buffer | null)[],
  before: readonly string[],
): VerifyBody {
  const signatures = found.filter((each) => each !== null);
  if (signatures.length === 0) throw unsigned('The delivery has no signature that could be read.');
  if (signatures.length > mostSignatures) throw unsigned('The delivery has too many signatures.');
  return (body) => {
    let fits = false;
    for (const key of keys) {
      const expected = mac(key, ...before, body);
      for (const signature of signatures) fits = timingSafeEqual(expected, signature) || fits;
    }
    return fits;
  };
}

function mac(key: Buffer, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function digest(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest();
}
