// The answer to /health, put together from those who know.

import { reportHealth, type Condition, type Health } from '../health/condition.ts';
import { viewBackups } from '../operations/backups.ts';
import type { Parts } from './parts.ts';

/** `startedAt`: ms since the epoch. */
export async function lookAtHealth(
  { engine, worker, outside, backups }: Parts,
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
  return reportHealth(condition, version, engine, metrics, {
    channels: { telegram: outside.telegram.look() },
    backup: viewBackups(backups.state(), Date.now()),
  });
}
