// The environment of a run, built from nothing: a short base list, what the executor names, and secrets.

import type { ExecutorConfig, SecretRef } from '../config/config.ts';
import { baseVariables, speaksOfSecret } from '../config/run-variables.ts';
import { variableIn, type Variables } from '../core/variable.ts';
import type { SecretFrame } from '../runner/files.ts';

const fallbacks: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
};

/** Whether the value must not be seen: it came from elsewhere, or its name speaks of a secret. */
export function hidesValue(name: string, ref: SecretRef): boolean {
  return !('text' in ref) || speaksOfSecret(name);
}

/** Resolves a reference to its value; HOMER_SECRET_MISSING when there is none. */
export type ResolveSecret = (ref: SecretRef) => Promise<string>;

/**
 * What the runner gets on its standard input. Whatever came from a reference, or stands in a variable whose name
 * speaks of a secret, is redacted from all that the run writes; so is what the daemon itself knows (`known`).
 */
export async function buildSecretFrame(
  executor: ExecutorConfig,
  daemon: Variables,
  known: readonly string[],
  resolve: ResolveSecret,
): Promise<SecretFrame> {
  const env: Record<string, string> = { ...fallbacks };
  const secrets = new Set(known);
  const set = (name: string, value: string | undefined, isSecret: boolean): void => {
    if (value === undefined) return;
    env[name] = value;
    if (isSecret) secrets.add(value);
  };
  for (const name of baseVariables) set(name, daemon[name], false);
  for (const name of executor.env)
    set(name, variableIn(daemon, name), speaksOfSecret(name) && name !== 'SSH_AUTH_SOCK');
  for (const [name, ref] of Object.entries(executor.setEnv)) {
    set(name, await resolve(ref), hidesValue(name, ref));
  }
  return { env, secrets: [...secrets].filter((value) => value !== '') };
}
