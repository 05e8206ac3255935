// Secrets of webhooks that Homer makes itself: one file per webhook in the state directory, for its owner only.

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HookScheme } from '../core/hook.ts';
import { readPrivateFile, unusableFile, writePrivateFile } from './private-file.ts';

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

/** null: there is none. */
function readFile(path: string): string | null {
  const what = 'a file with a secret';
  const found = readPrivateFile(path, { what, mends: true });
  if (found === null) return null;
  if (found.text === null) throw unusableFile(path, `is not ${what}`);
  return found.text;
}

/** Whole or not there at all, on disk when it returns. */
function writeFile(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writePrivateFile(fresh, text);
    renameSync(fresh, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw unusableFile(path, 'cannot be written', error);
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
