// How Homer is, part by part, asked of those who know.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { canaryName } from '../core/canary.ts';
import type { Component, HealthView } from '../health/components.ts';
import { reportHealth, stateOf, type Health } from '../health/components.ts';
import type { Canary } from '../health/canary.ts';
import type { Condition, Part, Troubles } from '../health/condition.ts';
import { freeBytes, leastFreeBytes } from '../health/readiness.ts';
import type { Pulse } from '../lifecycle/pulse.ts';
import { viewBackups } from '../operations/backups.ts';
import type { ExecutorConfig } from '../config/config.ts';
import type { Parts } from './parts.ts';

export type WatchedParts = Pick<
  Parts,
  'ledger' | 'engine' | 'worker' | 'remote' | 'outside' | 'scheduler' | 'backups'
>;

export interface HealthOptions extends WatchedParts {
  readonly home: string;
  readonly version: string;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly troubles: Troubles;
  readonly condition: () => Condition;
  readonly canary: Canary;
  readonly pulse: Pulse;
}

/** A due time is decided on within a minute, also after a sleep. */
const schedulerLateMs = 120_000;
/** Parts that are only there to be told of while something is wrong with them. */
const silentParts: readonly Part[] = ['config', 'work', 'webhooks'];

export async function viewHealth(options: HealthOptions): Promise<HealthView> {
  const { engine, worker, startedAt, pulse, condition, ledger } = options;
  const depths = await engine.depth();
  const components = [
    ledgerComponent(options),
    await diskComponent(options),
    engineComponent(options),
    schedulerComponent(options),
    ...channelComponents(options),
    ...executorComponents(options),
    ...workerComponents(options),
    backupComponent(options),
    canaryComponent(options),
    ...silentParts.flatMap((part) => troubled(options, part)),
  ];
  return {
    state: stateOf(condition().daemon, components),
    components,
    metrics: {
      uptime: Math.round((ledger.now() - startedAt) / 1000),
      jobsProcessed: worker.settledCount,
      jobsQueued: depths.reduce((sum, { queued }) => sum + queued, 0),
      lastHeartbeat: new Date(pulse.lastAt).toISOString(),
    },
  };
}

/** The answer to /health. */
export async function lookAtHealth(options: HealthOptions): Promise<Health> {
  const { engine, outside, backups, ledger, version, canary } = options;
  const view = await viewHealth(options);
  const now = ledger.now();
  const { state, last, dueAt } = canary.look();
  return reportHealth(
    view,
    options.condition(),
    { version, time: new Date(now).toISOString() },
    {
      engine: { kind: engine.kind, transport: engine.transport() },
      channels: { telegram: outside.telegram.look() },
      backup: viewBackups(backups.state(), now),
      canary: {
        state: state.is,
        lastEndedAt: isoOrNull(last?.endedAt ?? null),
        nextAt: isoOrNull(dueAt),
      },
    },
  );
}

function ledgerComponent({ ledger, home, troubles }: HealthOptions): Component {
  const wal = statSync(join(home, 'homer.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
  const trouble = troubles.of('disk');
  return {
    name: 'ledger',
    status: trouble === null ? 'pass' : 'warn',
    detail: trouble?.message ?? (ledger.isHeld() ? 'Homer is held and runs nothing.' : null),
    value: ledger.size() + wal,
    unit: 'bytes',
  };
}

async function diskComponent({ home }: HealthOptions): Promise<Component> {
  const free = await freeBytes(home);
  const isShort = free < leastFreeBytes;
  const detail = isShort ? `${Math.floor(free / 1024 / 1024)} MiB are free.` : null;
  return { name: 'disk', status: isShort ? 'warn' : 'pass', detail, value: free, unit: 'bytes' };
}

function engineComponent({ troubles }: HealthOptions): Component {
  const trouble = troubles.of('engine');
  return {
    name: 'engine',
    status: trouble === null ? 'pass' : 'warn',
    detail: trouble?.message ?? null,
  };
}

function schedulerComponent({ scheduler, ledger }: HealthOptions): Component {
  const now = ledger.now();
  const next = ledger.isHeld() ? null : ledger.schedules.nextFire(now);
  const lateMs = next === null || scheduler.lastLookAt === null ? 0 : now - next.at;
  const isLate = lateMs > schedulerLateMs;
  const detail = isLate ? `A due time of ${Math.round(lateMs / 1000)} s ago is not decided on.` : null;
  return { name: 'scheduler', status: isLate ? 'fail' : 'pass', detail };
}

function channelComponents({ outside }: HealthOptions): Component[] {
  const { state, problem } = outside.telegram.look();
  const web: Component = { name: 'channel:web', status: 'pass', detail: null };
  if (state === 'off') return [web];
  const isBad = state === 'failing' || problem !== null;
  return [
    web,
    {
      name: 'channel:telegram',
      status: isBad ? 'warn' : 'pass',
      detail: problem?.message ?? (state === 'connected' ? null : `It is ${state}.`),
    },
  ];
}

function executorComponents({ executors, ledger }: HealthOptions): Component[] {
  const limits = new Map(ledger.usageLimits.inForce(ledger.now()).map((limit) => [limit.executor, limit]));
  const verdicts = ledger.watch.lastVerdicts();
  return Object.keys(executors())
    .filter((name) => name !== canaryName)
    .map((name) => {
      const limit = limits.get(name);
      const last = verdicts.get(name);
      const isOut = last?.verdict === 'auth';
      const detail = isOut
        ? `It is signed out: ${last.message ?? 'its last run was refused.'}`
        : limit === undefined
          ? null
          : `It is at its limit until ${new Date(limit.until).toISOString()}.`;
      return { name: `executor:${name}`, status: detail === null ? 'pass' : 'warn', detail };
    });
}

function workerComponents({ remote }: HealthOptions): Component[] {
  return remote.look().flatMap(({ name, isUp, drains, lastSeenAt }) => {
    if (name === null) return [];
    const isLost = !isUp && !drains && lastSeenAt !== null;
    const detail = isLost ? `It was last seen at ${new Date(lastSeenAt).toISOString()}.` : null;
    return [{ name: `worker:${name}`, status: isLost ? ('warn' as const) : ('pass' as const), detail }];
  });
}

function backupComponent({ backups, troubles, ledger }: HealthOptions): Component {
  const trouble = troubles.of('backup');
  const { lastVerifiedAt, nextAt } = backups.state();
  const age =
    lastVerifiedAt === null ? null : Math.max(0, Math.round((ledger.now() - lastVerifiedAt) / 1000));
  return {
    name: 'backup',
    status: trouble === null ? 'pass' : 'warn',
    detail: trouble?.message ?? (nextAt === null ? 'Backups are made on request only.' : null),
    ...(age === null ? {} : { value: age, unit: 's' }),
  };
}

function canaryComponent({ canary, troubles }: HealthOptions): Component {
  const { state } = canary.look();
  const words = { off: 'None is sent.', waiting: 'None was sent yet.', through: null, 'under way': null };
  // The next one that is under way proves nothing yet: without this, one that fails slowly would be well every other minute.
  const before = state.is === 'under way' ? (troubles.of('canary')?.message ?? null) : null;
  const trouble = state.is === 'late' ? state.why : before;
  return {
    name: 'canary',
    status: trouble === null ? 'pass' : 'fail',
    detail: trouble ?? (state.is === 'late' ? null : words[state.is]),
  };
}

function troubled({ troubles }: HealthOptions, part: Part): Component[] {
  const trouble = troubles.of(part);
  return trouble === null ? [] : [{ name: part, status: 'warn', detail: trouble.message }];
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
