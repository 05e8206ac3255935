// What the rules of the alerts are held against, read from those who know.

import { usedPart } from '../core/budget.ts';
import type { AlertReading } from '../core/alerts.ts';
import { canaryName } from '../core/canary.ts';
import type { HealthView } from '../health/components.ts';
import { freeBytes } from '../health/readiness.ts';
import type { WatchingOptions } from './watching.ts';

const hourMs = 3_600_000;
const loopMs = 10 * 60_000;
/** Fewer failures in an hour are no rate. */
const leastFailures = 3;
/** Parts that have a rule of their own. */
const hasOwnRule = /^(?:backup|disk|executor:|worker:)/;

export async function readAlerts(
  options: WatchingOptions,
  view: () => Promise<HealthView>,
): Promise<readonly AlertReading[]> {
  const { components } = await view();
  return [
    ...queueAge(options),
    ...failureRate(options),
    ...components
      .filter(({ name, status }) => status !== 'pass' && !hasOwnRule.test(name))
      .map(({ name, detail }) => reading('component-down', name, 1, detail ?? 'It is not well.')),
    ...missed(options),
    await disk(options),
    ...backupAge(options),
    crashLoop(options),
    ...budgets(options),
    ...signedOut(options),
    ...components
      .filter(({ name, status }) => name.startsWith('worker:') && status !== 'pass')
      .map(({ name, detail }) => reading('worker-lost', name.slice('worker:'.length), 1, detail ?? '')),
    loopLag(options),
  ];
}

function reading(rule: AlertReading['rule'], subject: string, value: number, text: string): AlertReading {
  return { rule, subject, value, text };
}

const minutes = (seconds: number): string => `${Math.round(seconds / 60)} min`;

function queueAge({ ledger }: WatchingOptions): AlertReading[] {
  const now = ledger.now();
  const paused = ledger.lanes.paused();
  return [...ledger.watch.oldestReady()].flatMap(([lane, at]) => {
    // Whoever paused it, or gave it a budget, knows.
    if (paused.has(lane) || ledger.spending.closed(lane, now) !== null) return [];
    const seconds = Math.max(0, now - at) / 1_000;
    return [reading('queue-age', lane, seconds, `The oldest job waits for ${minutes(seconds)}.`)];
  });
}

function failureRate({ ledger }: WatchingOptions): AlertReading[] {
  const { succeeded, failed } = ledger.watch.endedAfter(ledger.events.seqBefore(ledger.now() - hourMs));
  if (failed < leastFailures) return [];
  const text = `${failed} of the ${failed + succeeded} jobs of the last hour failed.`;
  return [reading('failure-rate', '', failed / (failed + succeeded), text)];
}

function missed({ ledger }: WatchingOptions): AlertReading[] {
  return [...ledger.watch.missedSince(ledger.now() - hourMs)].map(([name, count]) =>
    reading('missed-occurrence', name, count, `${count} of its due times were missed in the last hour.`),
  );
}

async function disk({ home }: WatchingOptions): Promise<AlertReading> {
  const free = await freeBytes(home);
  return reading('disk', '', free, `${Math.floor(free / 1024 / 1024)} MiB are free.`);
}

function backupAge({ backups, ledger }: WatchingOptions): AlertReading[] {
  const { lastVerifiedAt, isCurrent, nextAt } = backups.state();
  // Off, or nothing was written since: an old one is as good as a new one.
  if (nextAt === null || lastVerifiedAt === null || isCurrent) return [];
  const seconds = Math.max(0, ledger.now() - lastVerifiedAt) / 1_000;
  return [reading('backup-age', '', seconds, `The last verified backup is ${minutes(seconds)} old.`)];
}

function crashLoop({ ledger }: WatchingOptions): AlertReading {
  const since = ledger.now() - loopMs;
  const count = ledger.boots
    .before(ledger.epoch, 20)
    .filter(({ startedAt, ending }) => startedAt > since && ending !== 'drained').length;
  return reading('crash-loop', '', count, `Homer was killed or crashed ${count} times in ten minutes.`);
}

function budgets({ ledger }: WatchingOptions): AlertReading[] {
  return ledger.spending.budgets(ledger.now()).map(({ of, budget, spent }) => {
    const used = usedPart(budget, spent);
    return reading('budget', of, used, `${Math.round(used * 100)} % of the budget of the day are used.`);
  });
}

function signedOut({ ledger, executors }: WatchingOptions): AlertReading[] {
  const verdicts = ledger.watch.lastVerdicts();
  return Object.keys(executors()).flatMap((name) => {
    if (name === canaryName || verdicts.get(name)?.verdict !== 'auth') return [];
    return [reading('executor-signed-out', name, 1, 'Its last run was refused for want of a login.')];
  });
}

function loopLag({ pulse }: WatchingOptions): AlertReading {
  const seconds = pulse.worstLagMs / 1_000;
  return reading('loop-lag', '', seconds, `The event loop was blocked for ${seconds.toFixed(1)} s.`);
}
