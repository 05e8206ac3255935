// Whether an agent is signed in, as far as it can be told without asking its maker: by the variables its executor gives it and by
// the files it leaves. The files are looked at, never read.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutorConfig } from '../config/config.ts';
import { placesOf } from '../executors/agent-places.ts';

export interface SignIn {
  readonly state: 'yes' | 'no' | 'unknown';
  /** The variable or the file. */
  readonly by: string | null;
  /** How to sign in; null when it is not known. */
  readonly step: string | null;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userHome: string;
  /** `process.platform`. */
  readonly platform: string;
}

/** Null for a program that is no agent Homer knows. */
export function findSignIn(executor: ExecutorConfig, around: Surroundings): SignIn | null {
  const places = placesOf(executor.kind, executor.bin);
  if (places === null) return null;
  const { signIn } = places;
  const given = places.keys.find(
    (key) =>
      Object.hasOwn(executor.setEnv, key) || (executor.env.includes(key) && (around.env[key] ?? '') !== ''),
  );
  if (given !== undefined) return { state: 'yes', by: given, step: null };
  const file = places.credentials.find((path) => isFilled(join(around.userHome, path)));
  if (file !== undefined) return { state: 'yes', by: `~/${file}`, step: null };
  // There Claude Code keeps its sign-in in the keychain, which only asks its owner.
  const isHidden = around.platform === 'darwin' && executor.kind === 'claude';
  return { state: places.isCertain && !isHidden ? 'no' : 'unknown', by: null, step: signIn };
}

/** An empty file, `{}` and an empty directory are what is left of signing out. */
function isFilled(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isDirectory() ? readdirSync(path).length > 0 : found.size > 2;
  } catch {
    // Not there, or closed to us.
    return false;
  }
}
