// What watches over the daemon, and what it tells: health, readiness, the canary, metrics, alerts.

import { AlertService } from '../alerts/alerts.ts';
import type { SecretRef } from '../config/config.ts';
import type { Canary } from '../health/canary.ts';
import type { Health, HealthView } from '../health/components.ts';
import { createReadiness } from '../health/readiness.ts';
import type { Lock } from '../lifecycle/lock.ts';
import type { Service } from '../lifecycle/service.ts';
import { readAlerts } from './alert-readings.ts';
import { Tracing } from '../tracing/tracing.ts';
import { openCanary, type CanaryParts } from './canary.ts';
import { createMetrics } from './metrics.ts';
import { lookAtHealth, viewHealth, type HealthOptions } from './health.ts';

export interface WatchingOptions extends Omit<HealthOptions, 'canary'>, CanaryParts {
  readonly lock: Pick<Lock, 'isCurrent'>;
  readonly resolve: (ref: SecretRef) => Promise<string>;
}

export interface Watching {
  readonly services: readonly Service[];
  readonly canary: Canary;
  readonly alerts: AlertService;
  /** Whether work can be taken now. */
  readonly isReady: () => Promise<boolean>;
  readonly view: () => Promise<HealthView>;
  readonly health: () => Promise<Health>;
  /** Metrics in the text format of Prometheus; the library is loaded with the first who asks. */
  readonly metrics: () => Promise<string>;
  /** The configuration was read again. */
  reload(): void;
}

export function openWatching(options: WatchingOptions): Watching {
  const canary = openCanary(options);
  const watched = { ...options, canary };
  const isReady = createReadiness({ ...options, now: () => performance.now() });
  const view = (): Promise<HealthView> => viewHealth(watched);
  const alerts = new AlertService({
    ...options,
    config: () => options.config().alerts,
    read: () => readAlerts(options, view),
    isReady,
    onError: (error) => options.onError(error, { part: 'alerts' }),
  });
  const tracing = new Tracing({ ...options, config: () => options.config().tracing });
  return {
    services: [canary, alerts, tracing],
    canary,
    alerts,
    isReady,
    view,
    health: () => lookAtHealth(watched),
    metrics: createMetrics(options, view, isReady),
    reload() {
      canary.refresh();
      alerts.refresh();
      tracing.refresh();
    },
  };
}
