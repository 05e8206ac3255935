// The configuration as it may be shown.

import type { Config } from './config.ts';

/** A plain copy in which secrets that were written as text are hidden. */
export function showConfig(config: Config): unknown {
  return JSON.parse(JSON.stringify(config, withoutSecrets));
}

/** Secrets written as plain text are the only `text` in a configuration. */
function withoutSecrets(key: string, value: unknown): unknown {
  return key === 'text' && typeof value === 'string' ? '[hidden]' : value;
}
