// What a worker on another host is let in with. The token is told once and kept by the worker; the ledger keeps only a key that
// is derived from it, which is what both sides seal their messages with.

import { hkdfSync, randomBytes } from 'node:crypto';
import type { WorkerAddress } from './wire.ts';

export interface WorkerToken extends WorkerAddress {
  /** 32 bytes. */
  readonly key: Buffer;
}

const shape =
  /^homer-worker\.([A-Za-z0-9_{}-]{1,64})\.([0-9a-f]{12})\.([a-z0-9][a-z0-9_-]{0,31})\.([A-Za-z0-9_-]{43})$/;

/** 256 random bits under the address at which the daemon and this worker meet. */
export function makeToken({ prefix, generation, name }: WorkerAddress): string {
  return `homer-worker.${prefix}.${generation}.${name}.${randomBytes(32).toString('base64url')}`;
}

/** Null: that is no token of a worker. */
export function readToken(text: string): WorkerToken | null {
  const [, prefix = '', generation = '', name = '', secret = ''] = shape.exec(text.trim()) ?? [];
  if (secret === '') return null;
  const bytes = Buffer.from(secret, 'base64url');
  // One ledger's key is of no use to another, nor one worker's to another.
  const key = Buffer.from(hkdfSync('sha256', bytes, generation, `homer worker ${name}`, 32));
  return { prefix, generation, name, key };
}
