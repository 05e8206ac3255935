// The parts of Homer with how each is, and one word for the whole: what /health, `homer status` and the alerts tell alike.

import type { Condition, DaemonState } from './condition.ts';

/** `warn`: it works on, or only it does not; `fail`: nothing can be done with it. */
export type ComponentStatus = 'pass' | 'warn' | 'fail';

export interface Component {
  /** `ledger`, `channel:telegram`, `executor:claude`, … */
  readonly name: string;
  readonly status: ComponentStatus;
  /** What is wrong, or worth to know; null: nothing. */
  readonly detail: string | null;
  readonly value?: number;
  /** Of the value: `bytes`, `jobs`, `s`. */
  readonly unit?: string;
}

export interface Metrics {
  /** Seconds. */
  readonly uptime: number;
  /** Runs settled since the start; canaries are none. */
  readonly jobsProcessed: number;
  readonly jobsQueued: number;
  /** When the event loop last turned, ISO 8601. */
  readonly lastHeartbeat: string;
}

export type HealthState = 'healthy' | 'degraded' | 'down';

export interface HealthView {
  readonly state: HealthState;
  readonly components: readonly Component[];
  readonly metrics: Metrics;
}

/** What is wrong with these makes Homer as a whole no less healthy. */
const ofTheirOwn = /^(?:executor|worker):/;

/** A daemon that stops is well; one that is held waits for a person; one with a part that is not well is not healthy. Pure. */
export function stateOf(
  daemon: DaemonState,
  components: readonly Pick<Component, 'name' | 'status'>[],
): HealthState {
  if (daemon === 'down') return 'down';
  if (daemon === 'draining') return 'healthy';
  const isWell = components.every(({ name, status }) => status === 'pass' || ofTheirOwn.test(name));
  return daemon === 'healthy' && isWell ? 'healthy' : 'degraded';
}

/** What /health tells: the first word to everybody, the report (health+json) to whoever has a token. */
export interface Health {
  readonly daemon: HealthState;
  readonly report: Readonly<Record<string, unknown>>;
}

const wordOf = { healthy: 'pass', degraded: 'warn', down: 'fail' } as const;

/** In the form of draft-inadarei-api-health-check; `more` is what parts tell of themselves beside it. */
export function reportHealth(
  { state, components, metrics }: HealthView,
  { problems }: Condition,
  { version, time }: { readonly version: string; readonly time: string },
  more: Readonly<Record<string, unknown>>,
): Health {
  const checks = components.map(({ name, status, detail, value, unit }) => [
    name,
    [
      {
        status,
        time,
        ...(value === undefined ? {} : { observedValue: value, observedUnit: unit }),
        ...(detail === null ? {} : { output: detail }),
      },
    ],
  ]);
  return {
    daemon: state,
    report: {
      status: wordOf[state],
      version,
      problems,
      checks: Object.fromEntries(checks) as Record<string, unknown>,
      metrics,
      ...more,
    },
  };
}
