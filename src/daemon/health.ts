// The answer to /health, put together from those who know.

import { reportHealth, type Condition, type Health } from '../health/condition.ts';
import type { Parts } from './parts.ts';

/** `startedAt`: ms since the epoch. */
export async function lookAtHealth(
  { engine, worker, outside }: Parts,
  condition: Condition,
  { version, startedAt }: { readonly version: string; readonly startedAt: number },
): Promise<Health> {
  const depths = await engine.depth();
  const metrics = {
    uptime: Math.round((Date.now() - startedAt) / 1000),
    jobsProcessed: worker.settledCount,
    jobsQueued: depths.reduce((sum, { queued }) => sum + queued, 0),
    lastHeartbeat: new Date().toISOString(),
  };
  return reportHealth(condition, version, engine, metrics, { telegram: outside.telegram.look() });
}
