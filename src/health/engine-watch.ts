// Follows whether the engine works as configured. It goes on in any case; this is for whoever looks after it.

import type { EngineConfig } from '../config/engine.ts';
import type { HomerError } from '../core/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Troubles } from './condition.ts';

/** What the engine is to call with its trouble, and with null when that is over. */
export function createEngineWatch(troubles: Troubles, log: Log): (error: HomerError | null) => void {
  return (error) => {
    if (error === null) {
      if (troubles.has('engine')) log.info({}, 'redis is back');
      troubles.clear('engine');
      return;
    }
    troubles.note('engine', error);
    log.warn({ code: error.code }, error.message);
  };
}

/** Jobs are safe with either; which one hands them out is decided at the start. */
export function warnOfOtherEngine({ kind }: Engine, configured: EngineConfig, log: Log): void {
  if (configured.kind !== kind)
    log.warn({ engine: configured.kind }, 'the engine changes with the next start');
}
