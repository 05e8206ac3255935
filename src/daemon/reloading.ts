// What follows when config.yaml was read again: each part takes what is new, or the last good one stays.

import type { LiveConfig } from '../config/live-config.ts';
import { HomerError, messageOf } from '../core/errors.ts';
import type { Troubles } from '../health/condition.ts';
import { warnOfOtherEngine } from '../health/engine-watch.ts';
import type { Log } from '../lifecycle/log.ts';
import type { ExecutorRegistry } from '../worker/executor-registry.ts';
import type { KnownSecrets } from './known-secrets.ts';
import type { Parts } from './parts.ts';

export interface ReloadOptions extends Parts {
  readonly config: LiveConfig;
  readonly executors: ExecutorRegistry;
  readonly secrets: KnownSecrets;
  readonly troubles: Troubles;
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

/** `error`: why what was read is not used; null when it is in force. */
export function createReload(options: ReloadOptions): (error: unknown) => Promise<void> {
  const {
    config,
    executors,
    secrets,
    troubles,
    log,
    gateway,
    canvas,
    engine,
    scheduler,
    skillWatch,
    outside,
    webhooks,
    backups,
    watching,
  } = options;
  return async (error) => {
    if (error !== null) {
      const [headline = ''] = messageOf(error).split('\n', 1);
      const hint =
        '`homer config check` lists them; until they are mended the last good configuration is in force.';
      troubles.note('config', new HomerError('HOMER_CONFIG_INVALID', headline, { cause: error, hint }));
      log.error({ error }, 'config.yaml is not used; the last good one stays');
      return;
    }
    troubles.clear('config');
    const { current } = config;
    if ((current.port !== gateway.port && current.port !== 0) || current.bind !== gateway.bind)
      log.warn({ port: current.port, bind: current.bind }, 'port and address change with the next start');
    warnOfOtherEngine(engine, current.engine, log);
    gateway.answerTo(current.hosts);
    gateway.trust(current.proxies);
    canvas.answerTo(current.hosts);
    webhooks.reload();
    outside.reload();
    skillWatch.refresh();
    backups.refresh();
    watching.reload();
    await Promise.all([executors.refresh(current), secrets.refresh(current, log)])
      .then(() => webhooks.look())
      .then(() => engine.refresh())
      .then(() => scheduler.refresh())
      .then(() => log.info({}, 'configuration reloaded'))
      .catch(options.onError);
  };
}
