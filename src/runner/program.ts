// Finds the program of a run before anything is spawned: inside a sandbox "not found" would look like a program that failed.

import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

export type Found = { readonly path: string } | { readonly problem: string };

/** Looks a program up as execvp(3) would, by the run's own PATH and from its working directory; one sentence if it is not there. */
export function findProgram(name: string, path: string | undefined, cwd: string): Found {
  const candidates = name.includes('/')
    ? [resolve(cwd, name)]
    : (path ?? '')
        .split(delimiter)
        .filter((directory) => directory !== '')
        .map((directory) => join(isAbsolute(directory) ? directory : resolve(cwd, directory), name));
  const found = name === '' ? undefined : candidates.find(isExecutable);
  if (found === undefined) {
    const where = name.includes('/') ? '' : ` on the PATH of the run (${path ?? 'which is empty'})`;
    return { problem: `The program ${JSON.stringify(name)} was not found${where}.` };
  }
  const interpreter = interpreterOf(found);
  if (interpreter !== null && !isExecutable(interpreter))
    return { problem: `The program ${found} needs ${interpreter}, which was not found.` };
  return { path: found };
}

/** One sentence when a run cannot work in a directory, given as a real path, else null. */
export function checkWorkingDirectory(cwd: string): string | null {
  try {
    if (!statSync(cwd).isDirectory()) return `The working directory ${cwd} is not a directory.`;
    accessSync(cwd, constants.X_OK);
    // It was a real path when the job was accepted: a link that took the place of a part of it leads where nobody looked.
    const real = realpathSync(cwd);
    return real === cwd ? null : `The working directory ${cwd} leads to ${real} since the job was accepted.`;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return `The working directory ${cwd} ${missing ? 'does not exist' : 'cannot be entered'}.`;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there or not ours to run: the next place on the PATH counts.
    return false;
  }
}

/** The interpreter a script names in its first line, if it does (execve(2)). */
function interpreterOf(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    // It may be run though not be read.
    return null;
  }
  try {
    const head = Buffer.alloc(256);
    const text = head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0));
    return /^#![ \t]*(\/[^ \t\r\n]+)/.exec(text)?.[1] ?? null;
  } finally {
    closeSync(fd);
  }
}
