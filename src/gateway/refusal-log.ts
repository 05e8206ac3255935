// Refusals in the log, a few a second: whoever can send requests must not be able to fill the disk with them.

import type { Log } from './log.ts';

export interface RefusalLog {
  /** Writes one refusal, or counts it when there were ten in this second already. */
  tell(fields: Readonly<Record<string, unknown>>): void;
  /** Writes the count of those that were not told (`untold`) now instead of at the end of the second. */
  flush(): void;
}

const mostLines = 10;
const windowMs = 1_000;

export function createRefusalLog(log: Pick<Log, 'info'>): RefusalLog {
  let seen = 0;
  let window: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (window !== null) clearTimeout(window);
    window = null;
    if (seen > mostLines) log.info({ untold: seen - mostLines }, 'more requests refused within a second');
    seen = 0;
  };
  return {
    tell(fields) {
      window ??= setTimeout(flush, windowMs).unref();
      seen += 1;
      if (seen <= mostLines) log.info(fields, 'request refused');
    },
    flush,
  };
}
