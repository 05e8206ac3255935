// What of the configuration a daemon takes at its start only.

import type { Config } from './config.ts';

const atStart: Readonly<Record<string, (config: Config) => unknown>> = {
  port: ({ port }) => port,
  bind: ({ bind }) => bind,
  engine: ({ engine }) => engine,
  'ledger.shared': ({ ledger }) => ledger.shared,
};

/** The keys whose new value waits for the next start. Pure. */
export function awaitingRestart(started: Config, current: Config): readonly string[] {
  return Object.entries(atStart)
    .filter(([, take]) => JSON.stringify(take(started)) !== JSON.stringify(take(current)))
    .map(([key]) => key);
}
