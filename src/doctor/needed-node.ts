// Which Node an agent runs on, and which it says it needs: npm quietly installs agents under a Node that is too old for them.

import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** True when the program is a script for `node`. */
export function isNodeScript(path: string): boolean {
  return /^#![^\n]*[/ ]node(?:\s|$)/.test(headOf(path));
}

function headOf(path: string): string {
  try {
    return readFileSync(path).subarray(0, 256).toString('latin1');
  } catch {
    // It may be run though not be read.
    return '';
  }
}

/** `engines.node` of the package the program belongs to; null when it says nothing. */
export function neededNode(path: string): string | null {
  try {
    for (
      let directory = dirname(realpathSync(path));
      directory !== dirname(directory);
      directory = dirname(directory)
    ) {
      const found = readPackage(join(directory, 'package.json'));
      if (found !== null) return found.engines?.node ?? null;
    }
  } catch {
    // Gone meanwhile: nothing is known of it.
  }
  return null;
}

interface Package {
  readonly name?: string;
  readonly engines?: { readonly node?: string };
}

/** Null for none, and for the nameless ones that only say which kind of modules lie beside them. */
function readPackage(path: string): Package | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Package | null;
    return typeof value?.name === 'string' ? value : null;
  } catch {
    // Not there or not JSON: the next directory up counts.
    return null;
  }
}

/** Whether a version is too old for a range; only `>=1.2.3` is understood, of anything else nothing is claimed. */
export function isTooOld(version: string, range: string): boolean {
  const least = /^>=\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(range.trim());
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (least === null || found === null) return false;
  for (const part of [1, 2, 3]) {
    const difference = Number(found[part]) - Number(least[part] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
