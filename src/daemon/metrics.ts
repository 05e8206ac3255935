// What metrics are read from. The library, and all that is about it, is loaded with the first who asks for them.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { HealthView } from '../health/components.ts';
import { freeBytes } from '../health/readiness.ts';
import type { Metrics, Reading } from '../metrics/metrics.ts';
import { usedPart } from '../core/budget.ts';
import type { WatchingOptions } from './watching.ts';

export function createMetrics(
  options: WatchingOptions,
  view: () => Promise<HealthView>,
  isReady: () => Promise<boolean>,
): () => Promise<string> {
  const { ledger, version, startedAt } = options;
  const fromSeq = ledger.events.lastSeq();
  let opened: Promise<Metrics> | null = null;
  const open = async (): Promise<Metrics> => {
    const { openMetrics } = await import('../metrics/metrics.ts');
    return openMetrics({
      ...{ watch: ledger.watch, fromSeq, version, startedAt },
      onSynced: (listener) => (ledger.writer.onSynced = listener),
      read: () => readAll(options, view, isReady),
    });
  };
  return async () => (await (opened ??= open())).scrape();
}

async function readAll(
  { ledger, home, lock, pulse, backups }: WatchingOptions,
  view: () => Promise<HealthView>,
  isReady: () => Promise<boolean>,
): Promise<Reading> {
  const now = ledger.now();
  const seconds = (at: number | null): number => (at === null ? 0 : Math.max(0, now - at) / 1_000);
  const { pending, oldestAt } = ledger.watch.outbox();
  const [before] = ledger.boots.before(ledger.epoch, 1);
  const last = ledger.canaries.last();
  const { components } = await view();
  return {
    components,
    isReady: await isReady(),
    jobs: ledger.browse.counts(),
    oldestReady: new Map([...ledger.watch.oldestReady()].map(([lane, at]) => [lane, seconds(at)])),
    outbox: { pending, oldestSeconds: seconds(oldestAt) },
    ledgerBytes: ledger.size(),
    walBytes: statSync(join(home, 'homer.db-wal'), { throwIfNoEntry: false })?.size ?? 0,
    diskFreeBytes: await freeBytes(home),
    isLockHeld: lock.isCurrent(),
    boots: ledger.epoch,
    wasUnclean: before !== undefined && before.ending !== 'drained',
    lagSeconds: pulse.worstLagMs / 1_000,
    heartbeatAt: pulse.lastAt,
    backupAt: backups.state().lastVerifiedAt,
    canaryAt: last?.isThrough === true ? last.endedAt : null,
    budgets: new Map(
      ledger.spending
        .budgets(now)
        .map((use) => [use.lane ?? 'all', usedPart(use.budget, use.spent)] as const),
    ),
  };
}
