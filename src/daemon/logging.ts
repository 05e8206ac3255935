// The daemon's log, with the limits that are configured at the time.

import type { Config } from '../config/config.ts';
import { createLog, type Log } from '../lifecycle/log.ts';

export interface LoggingOptions {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Nobody looks at its standard error. */
  readonly background?: boolean;
}

/** `config` is asked at each line, not before the first. */
export function openDaemonLog(
  { home, env, background = false }: LoggingOptions,
  redact: (line: string) => string,
  config: () => Config,
): Log {
  return createLog({
    level: env['HOMER_LOG'],
    redact,
    file: { home, limits: () => config().logs, alone: background },
  });
}
