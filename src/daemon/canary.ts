// The canary, put together: it goes through the same intake as every job, with a lane and an executor that nobody else has.

import { randomUUID } from 'node:crypto';
import { canaryExecutor } from '../config/build.ts';
import { canaryName, canarySource } from '../core/canary.ts';
import { Canary, type CanaryOptions } from '../health/canary.ts';
import { createPreparation, type IntakeOptions } from '../intake/intake.ts';
import { removeRuns } from '../retention/run-directories.ts';

export interface CanaryParts extends IntakeOptions, Pick<CanaryOptions, 'troubles' | 'log'> {
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

export function openCanary(parts: CanaryParts): Canary {
  const { config, home, onError } = parts;
  const lane = { concurrency: 1, rate: null, budget: null, labels: [] };
  const executor = canaryExecutor();
  const prepare = createPreparation({
    ...parts,
    config: () => ({ ...config(), lanes: { [canaryName]: lane } }),
    executors: () => ({ [canaryName]: executor }),
  });
  return new Canary({
    ...parts,
    everyMs: () => config().canary.everyMs,
    prepare(isOnce) {
      const request = { prompt: randomUUID(), executor: canaryName, lane: canaryName, maxAttempts: 1 };
      const terms = isOnce ? { maxCrashes: 1 } : {};
      return prepare({ ...request, ...terms }, null, { source: canarySource, isOwner: true }).admit;
    },
    removeRuns: (runIds, signal) => removeRuns(home, runIds, signal),
    onError: (error) => onError(error, { part: 'canary' }),
  });
}
