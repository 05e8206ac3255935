// What this machine answers to the gates. Nothing is started to find out.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { SecretRef } from '../config/config.ts';
import { variableIn, type Variables } from '../core/variable.ts';
import type { Facts } from './gates.ts';

/**
 * Facts for one list: each program is looked for once, along PATH of `env`, whose relative entries are passed over, since
 * they would mean another program in every folder. A file nobody may execute is no program, a variable of spaces is
 * empty.
 */
export function createMachineFacts(env: Variables, platform: string = process.platform): Facts {
  const directories = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const known = new Map<string, boolean>();
  const hasVariable = (name: string): boolean => (variableIn(env, name) ?? '').trim() !== '';
  const find = (name: string): boolean => {
    if (isAbsolute(name)) return isExecutable(name);
    return !name.includes('/') && directories.some((directory) => isExecutable(join(directory, name)));
  };
  return {
    platform,
    hasVariable,
    hasProgram(name) {
      const answer = known.get(name) ?? find(name);
      known.set(name, answer);
      return answer;
    },
    hasSecret(secret: SecretRef) {
      if ('text' in secret) return secret.text.trim() !== '';
      if ('env' in secret) return hasVariable(secret.env);
      // That a program would answer is believed: it may ask for a finger on a key.
      return 'exec' in secret ? true : isFilled(secret.file);
    },
  };
}

function isExecutable(file: string): boolean {
  try {
    // A directory passes access(2) for execution too.
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: either way there is no such program here.
    return false;
  }
}

function isFilled(file: string): boolean {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile() || found.size === 0) return false;
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    // A secret that cannot be read is missing.
    return false;
  }
}
