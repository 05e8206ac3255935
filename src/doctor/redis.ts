// What `homer doctor` says of the Redis that the engine is to use.

import type { Config } from '../config/config.ts';
import { isHomerError, messageOf } from '../core/errors.ts';
import { examineEngine } from '../engine/open.ts';
import { finding, type Finding } from './report.ts';

/**
 * Connects to it, which takes the secret in `engine.url` where there is one. A program (`exec`) is not started for it. Empty
 * with the embedded engine.
 */
export async function engineFindings(
  config: Config | null,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  const about = 'engine';
  if (config?.engine.kind !== 'bullmq') return [];
  if ('exec' in config.engine.url)
    return [finding(about, 'note', 'Its url comes from a program, so Redis was not asked.', 'See /health.')];
  try {
    const found = await examineEngine(config.engine, env);
    if (found === null) return [];
    return [
      finding(about, 'ok', `${found.durability ?? 'redis'}.`),
      ...found.warnings.map((text) => finding(about, 'note', text)),
    ];
  } catch (error) {
    return [finding(about, 'problem', messageOf(error), isHomerError(error) ? error.hint : null)];
  }
}
