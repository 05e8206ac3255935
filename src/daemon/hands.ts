// Puts together what hands jobs out: the engine, and workers on other hosts.

import type { Config, ExecutorConfig } from '../config/config.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine, wireOf } from '../engine/open.ts';
import type { Troubles } from '../health/condition.ts';
import { createEngineWatch } from '../health/engine-watch.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { LeaseTerms } from '../worker/remote/messages.ts';
import { RemoteRuns } from '../worker/remote/remote-runs.ts';

export interface HandsParts {
  readonly ledger: Ledger;
  readonly config: () => Config;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terms: LeaseTerms | undefined;
  readonly log: Log;
  readonly troubles: Troubles;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** The engine is the one of this start; another one in config.yaml counts from the next. */
export function openHands(parts: HandsParts): { readonly engine: Engine; readonly remote: RemoteRuns } {
  const { ledger, config, executors, env, terms, log, troubles, onError } = parts;
  const { engine: chosen } = config();
  const remote = new RemoteRuns({
    ledger,
    config,
    executors,
    terms,
    openWire: wireOf(chosen, env),
    prefix: chosen.kind === 'bullmq' ? chosen.prefix : 'homer',
    onError,
    note: (fields, message) => log.info(fields, message),
  });
  const engine = openEngine(chosen, {
    ledger,
    place: remote.place,
    lanes: () => config().lanes,
    env,
    onError: (error) => onError(error, { part: 'engine' }),
    onTrouble: createEngineWatch(troubles, log),
  });
  return { engine, remote };
}
