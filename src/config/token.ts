// The owner's token: whoever can read the file may do everything.

import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

export const tokenFile = 'token';

/** 256 bits in base64url make 43 characters; longer ones may have been put there by hand. */
const tokenShape = /^[A-Za-z0-9_-]{43,256}$/;

/**
 * The token in `home/token`, made at the first start: 256 random bits, mode 0600, whole or not there at all. A mode
 * that lets others read it is mended, a file without a usable token replaced; both are told in `warnings`. Throws
 * HOMER_HOME_UNUSABLE when the file is a link, no file or somebody else's.
 */
export function ensureToken(home: string): { readonly token: string; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const found = readTokenFile(home, warnings);
  if (found !== null && tokenShape.test(found)) return { token: found, warnings };
  const token = randomBytes(32).toString('base64url');
  const path = join(home, tokenFile);
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writePrivateFile(fresh, token);
    if (found === null) {
      // Unlike a rename, a link never takes the place of a token that somebody else made meanwhile.
      linkSync(fresh, path);
    } else {
      renameSync(fresh, path);
      warnings.push(`${path} held no usable token and was replaced.`);
    }
    return { token, warnings };
  } catch (error) {
    const other =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? readToken(home) : null;
    if (other !== null) return { token: other, warnings };
    throw new HomerError('HOMER_HOME_UNUSABLE', `The token cannot be written to ${path}.`, { cause: error });
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Puts another token into the file, where there is one or not; returns it. HOMER_HOME_UNUSABLE when it cannot be written. */
export function rotateToken(home: string): string {
  const token = randomBytes(32).toString('base64url');
  const path = join(home, tokenFile);
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writePrivateFile(fresh, token);
    renameSync(fresh, path);
    return token;
  } catch (error) {
    throw new HomerError('HOMER_HOME_UNUSABLE', `The token cannot be written to ${path}.`, { cause: error });
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** The token for a client on this machine; null where there is none or it is of no use. */
export function readToken(home: string): string | null {
  const text = readTokenFile(home, null);
  return text !== null && tokenShape.test(text) ? text : null;
}

/** The file's text without its line end, null where there is none. Mends the mode when given a place for warnings. */
function readTokenFile(home: string, warnings: string[] | null): string | null {
  const path = join(home, tokenFile);
  const found = readPrivateFile(path, { what: 'a file', mends: warnings !== null });
  if (found?.wasOpen === true)
    warnings?.push(
      `${path} could be read by other users, its mode is 0600 now; make a new one if others were here.`,
    );
  return found === null ? null : (found.text ?? '').trim();
}
