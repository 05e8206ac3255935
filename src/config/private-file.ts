// Small files in the state directory that are for their owner only: the token, the secrets of webhooks.

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { HomerError } from '../core/errors.ts';

const mostBytes = 4096;

export interface PrivateFile {
  /** Null: larger than anything that is kept so. */
  readonly text: string | null;
  /** Others could read it; its mode is 0600 now. */
  readonly wasOpen: boolean;
}

export interface PrivateReading {
  /** For people: what should be there. */
  readonly what: string;
  /** Whether a mode that lets others in is mended. */
  readonly mends: boolean;
}

/** Null: there is none. HOMER_HOME_UNUSABLE when it is a link, no file or somebody else's. */
export function readPrivateFile(path: string, { what, mends }: PrivateReading): PrivateFile | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusableFile(path, 'cannot be read (it may be a link, or belong to another user)', error);
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw unusableFile(path, `is not ${what}`);
    const user = process.getuid?.();
    if (user !== undefined && user !== 0 && found.uid !== user)
      throw unusableFile(path, `belongs to user ${found.uid}`);
    if (found.size > mostBytes) return { text: null, wasOpen: false };
    const wasOpen = mends && (found.mode & 0o077) !== 0;
    if (wasOpen) fchmodSync(descriptor, 0o600);
    return { text: readFileSync(descriptor, 'utf8'), wasOpen };
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a file of mode 0600 that is on disk when this returns. Throws as open(2) does, also when there is one. */
export function writePrivateFile(path: string, text: string): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    writeSync(descriptor, `${text}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function unusableFile(path: string, detail: string, cause?: unknown): HomerError {
  return new HomerError('HOMER_HOME_UNUSABLE', `${path} ${detail}.`, { cause });
}
