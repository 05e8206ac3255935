// The state directory: where it is, and that it is fit to hold secrets and work. Loads nothing heavy, since every
// start passes here, also those that are refused.

import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HomerError, messageOf } from '../core/errors.ts';

/** Directories every state directory has, mode 0700 like itself. */
export const homeDirectories = ['runs', 'logs', 'workspaces', 'backups', 'skills'] as const;

/**
 * The absolute path of the state directory: the flag, else HOMER_HOME, else `.homer` in the user's home. A relative
 * one is taken from the working directory, an empty HOMER_HOME counts as unset. Touches no disk.
 */
export function resolveHome(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  userHome: string,
): string {
  const fromEnv = env['HOMER_HOME'];
  const chosen = flag ?? (fromEnv === undefined || fromEnv === '' ? join(userHome, '.homer') : fromEnv);
  if (chosen === '') throw unusable('--home is empty.');
  if (chosen.includes('\0')) throw unusable('The path holds a NUL character.');
  const expanded = chosen === '~' || chosen.startsWith('~/') ? join(userHome, chosen.slice(1)) : chosen;
  return resolve(expanded);
}

/**
 * Makes the directory and those in it, all 0700. Modes that let others in are mended, and each is told in a warning;
 * a file in the way, another owner or missing rights throw HOMER_HOME_UNUSABLE. Safe to run in many processes at once.
 */
export function prepareHome(path: string): { readonly warnings: readonly string[] } {
  const warnings = makePrivate(path);
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(`${path} cannot be read and written.`, error);
  }
  for (const name of homeDirectories) warnings.push(...makePrivate(join(path, name)));
  return { warnings };
}

/** Step by step: Node's own `recursive` never returns where a parent can be seen and nothing be made in it (/proc). */
function makeDirectory(path: string): void {
  if (!existsSync(dirname(path))) makeDirectory(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function makePrivate(path: string): string[] {
  try {
    makeDirectory(path);
  } catch (error) {
    // EEXIST and ENOTDIR say that a file is in the way, which the check below puts into words.
    if (!statSync(path, { throwIfNoEntry: false }))
      throw unusable(`${path} cannot be made: ${messageOf(error)}.`, error);
  }
  const found = statSync(path);
  if (!found.isDirectory()) throw unusable(`${path} is not a directory.`);
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user)
    throw unusable(`${path} belongs to user ${found.uid}, Homer runs as user ${user}.`);
  const mode = found.mode & 0o777;
  if ((mode & 0o077) === 0 && (mode & 0o700) === 0o700) return [];
  try {
    chmodSync(path, 0o700);
  } catch (error) {
    throw unusable(`The mode of ${path} cannot be set to 0700.`, error);
  }
  // File systems without modes (FAT, some network and Windows mounts) accept the call and ignore it.
  if ((statSync(path).mode & 0o077) !== 0)
    throw unusable(`${path} is on a file system that keeps no modes, other users could read its token.`);
  const link = lstatSync(path).isSymbolicLink() ? ' (through a link)' : '';
  return [`${path} had mode ${mode.toString(8).padStart(4, '0')}, it is 0700 now${link}.`];
}

function unusable(detail: string, cause?: unknown): HomerError {
  return new HomerError('HOMER_HOME_UNUSABLE', detail, { cause });
}
