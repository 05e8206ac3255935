// Small looks at files of the machine, below the root that is looked at; what is not there or closed to us is null.

import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** Its text, null when it cannot be read. */
export function readText(...path: readonly string[]): string | null {
  try {
    return readFileSync(join(...path), 'utf8');
  } catch {
    // Not there or not ours to read: nothing is known.
    return null;
  }
}

/** The whole number in it, null when there is none. */
export function readNumber(...path: readonly string[]): number | null {
  const text = readText(...path)?.trim() ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Names in a directory, in order; empty when it cannot be read. */
export function namesIn(...path: readonly string[]): string[] {
  try {
    return readdirSync(join(...path)).sort();
  } catch {
    // Not there or not ours to read: nothing is in it for us.
    return [];
  }
}

/** Of the thing itself, also of a link; null when it cannot be looked at. */
export function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    // Gone meanwhile, or behind a directory that is closed to us.
    return null;
  }
}

export const mebibyte = 1024 ** 2;
export const gibibyte = 1024 ** 3;

/** `0.4 GiB`, `12 MiB`. Pure. */
export function sizeText(bytes: number): string {
  return bytes >= gibibyte ? `${(bytes / gibibyte).toFixed(1)} GiB` : `${Math.round(bytes / mebibyte)} MiB`;
}
