// Messages that only their two ends can read or write: AES-256-GCM under keys that are good for one conversation. Both sides add
// 128 random bits to such a key, so that nothing that was recorded earlier means anything in it, and every message has
// its number in the seal, so that none can be repeated, left out or put elsewhere unnoticed.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface Keys {
  /** Says which conversation a message belongs to; no secret. */
  readonly id: string;
  readonly up: Buffer;
  readonly down: Buffer;
}

const tagBytes = 16;

/** 128 random bits, hex. */
export function newChallenge(): string {
  return randomBytes(16).toString('hex');
}

/** For the first message of each side; `challenges` are those that are known by then, so that it seals one message only. */
export function openingKey(key: Buffer, challenges: string, purpose: 'hello' | 'welcome'): Buffer {
  return derive(key, challenges, purpose);
}

export function conversationKeys(key: Buffer, worker: string, daemon: string): Keys {
  const salt = `${worker}.${daemon}`;
  return {
    id: derive(key, salt, 'id').subarray(0, 12).toString('hex'),
    up: derive(key, salt, 'up'),
    down: derive(key, salt, 'down'),
  };
}

/** `about` is not hidden, and what is sealed opens only together with it. A key must see each number once. */
export function seal(key: Buffer, number: number, about: string, content: Buffer): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number)).setAAD(Buffer.from(about));
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Null for what was not sealed so. */
export function unseal(key: Buffer, number: number, about: string, sealed: string): Buffer | null {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < tagBytes) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number)).setAAD(Buffer.from(about));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
  } catch {
    // Written by somebody without the key, or changed on the way.
    return null;
  }
}

function derive(key: Buffer, salt: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `homer worker ${purpose}`, 32));
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}
