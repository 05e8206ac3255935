// Secrets of webhooks that Homer makes itself: one file per webhook in the state directory, for its owner only.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import type { HookScheme } from '../core/hook.ts';

/** Below the state directory. */
export const hookSecretDirectory = 'webhooks';

export function hookSecretPath(home: string, name: string): string {
  return join(home, hookSecretDirectory, `${name}.secret`);
}

/** The secrets that are good now, the newest first; makes one where there is none. HOMER_HOME_UNUSABLE. */
export function readHookSecrets(
  home: string,
  name: string,
  scheme: HookScheme,
  now: number,
): readonly string[] {
  const path = hookSecretPath(home, name);
  let secret = readFile(path)?.trim() ?? '';
  if (secret === '') {
    secret = makeSecret(scheme);
    writeFile(path, secret);
  }
  return [secret, ...readPrevious(path, now)];
}

/** Makes a new one, which is good at once. The old one is void at once, or after `graceMs`. Returns the new one. */
export function rotateHookSecret(
  home: string,
  name: string,
  options: { readonly scheme: HookScheme; readonly graceMs: number; readonly now: number },
): string {
  const path = hookSecretPath(home, name);
  const old = readFile(path)?.trim() ?? '';
  const { graceMs, now, scheme } = options;
  // First what ends the old one: a crash in between must not leave it good for ever.
  if (graceMs > 0 && old !== '') writeFile(previousPath(path), `${now + graceMs} ${old}`);
  else rmSync(previousPath(path), { force: true });
  const secret = makeSecret(scheme);
  writeFile(path, secret);
  return secret;
}

const previousPath = (path: string): string => `${path}.previous`;

function readPrevious(path: string, now: number): readonly string[] {
  const text = readFile(previousPath(path));
  if (text === null) return [];
  const [until, secret] = text.trim().split(' ');
  if (secret !== undefined && Number(until) > now) return [secret];
  rmSync(previousPath(path), { force: true });
  return [];
}

/** 256 bits; Standard Webhooks has a form of its own for them. */
function makeSecret(scheme: HookScheme): string {
  return scheme === 'standard-webhooks'
    ? `whsec_${randomBytes(32).toString('base64')}`
    : randomBytes(32).toString('base64url');
}

function unusable(path: string, detail: string, cause?: unknown): HomerError {
  return new HomerError('HOMER_HOME_UNUSABLE', `${path} ${detail}.`, { cause });
}

/** null: there is none. Links and what belongs to others are refused, a mode that lets others in is mended. */
function readFile(path: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(path, 'cannot be read (it may be a link, or belong to another user)', error);
  }
  try {
    const found = fstatSync(descriptor);
    const user = process.getuid?.();
    if (!found.isFile() || found.size > 4096) throw unusable(path, 'is not a file with a secret');
    if (user !== undefined && user !== 0 && found.uid !== user)
      throw unusable(path, `belongs to user ${found.uid}`);
    if ((found.mode & 0o077) !== 0) fchmodSync(descriptor, 0o600);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Whole or not there at all, on disk when it returns. */
function writeFile(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      fchmodSync(descriptor, 0o600);
      writeSync(descriptor, `${text}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(fresh, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw unusable(path, 'cannot be written', error);
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
