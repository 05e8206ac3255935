// Which executors a job may go on with when its own has reached a usage limit.

import type { ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import { requireExecutor, type Place, type PlaceOptions, type Sender } from './place.ts';

/**
 * As asked for, else as the executor is configured. Each that was asked for must be one that this sender may use, for this
 * prompt (`fits` throws where it is none); of the configured ones those that are not there now, or are not fit, are left out.
 */
export function chooseFallback(
  options: Pick<PlaceOptions, 'executors'>,
  asked: readonly string[] | undefined,
  { executor, config }: Pick<Place, 'executor' | 'config'>,
  sender: Pick<Sender, 'isOwner' | 'commands'>,
  fits: (executor: string, config: ExecutorConfig) => void,
): readonly string[] {
  const check = (name: string): void => fits(name, requireExecutor(options, name, sender));
  if (asked === undefined) return config.fallback.filter((name) => isFit(() => check(name)));
  const names = [executor, ...asked];
  const twice = asked.find((name, index) => names.indexOf(name) <= index);
  if (twice !== undefined)
    throw new HomerError('HOMER_INPUT_INVALID', `The job would go on with "${twice}", which it has had.`, {
      hint: 'Name each executor of `fallback` once, and not the one it begins with.',
    });
  for (const name of asked) check(name);
  return asked;
}

/**
 * Whose word on repeating counts: a command that may not be run twice is none the more repeatable for an agent's having tried
 * first. Where none is among them, the job's own executor.
 */
export function mostCareful(
  { executors }: Pick<PlaceOptions, 'executors'>,
  own: ExecutorConfig,
  fallback: readonly string[],
): ExecutorConfig {
  const all = executors();
  const others = fallback.flatMap((name) => all[name] ?? []);
  return [own, ...others].find(({ kind, idempotent }) => kind === 'command' && !idempotent) ?? own;
}

function isFit(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    // What was configured for all jobs need not be there, or take the prompt, of this one.
    if (error instanceof HomerError) return false;
    throw error;
  }
}
