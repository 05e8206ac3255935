// The process of `homer worker`: takes runs from a daemon on another host, runs them here with this host's own programs, directories and
// secrets, and reports. It has no ledger, no port and no channels; what it knows is in the directories of its runs.

import { hostname } from 'node:os';
import { openConfig } from '../config/live-config.ts';
import { resolveSecret } from '../config/secrets.ts';
import { messageOf } from '../core/errors.ts';
import { createKeepAwake } from '../lifecycle/keep-awake.ts';
import type { Lock } from '../lifecycle/lock.ts';
import { createLog } from '../lifecycle/log.ts';
import { answerSignals } from '../lifecycle/signals.ts';
import { passOn } from '../lifecycle/waypoint.ts';
import type { WorkerToken } from '../remote/token.ts';
import type { OpenWire } from '../remote/wire.ts';
import { detectIsolation } from '../runner/isolation.ts';
import { buildSecretFrame } from '../worker/environment.ts';
import { createExecutorRegistry } from '../worker/executor-registry.ts';
import { ownRunner } from '../worker/open.ts';
import { protocolVersion, type About } from '../worker/remote/messages.ts';
import type { RunnerCommand } from '../worker/runner-process.ts';
import { HostRuns } from './host-runs.ts';
import { Uplink } from './uplink.ts';

export interface HostOptions {
  /** Held for as long as the worker runs. */
  readonly lock: Lock;
  /** Absolute path of the prepared state directory. */
  readonly home: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `~` stands for. */
  readonly userHome: string;
  readonly token: WorkerToken;
  /** As it was given: it must never come out of a run. */
  readonly tokenText: string;
  readonly openWire: OpenWire;
  /** Null: all that it may. */
  readonly lanes: readonly string[] | null;
  readonly labels: readonly string[];
  readonly concurrency: number;
  readonly runner?: RunnerCommand;
}

/** Runs until it is stopped; resolves with the exit code of the process. Rejects when it cannot start. */
export async function runHost(options: HostOptions): Promise<number> {
  const { home, lock, env, userHome, token, version } = options;
  const log = createLog({ level: env['HOMER_LOG'] });
  const onError = (error: unknown, context: Record<string, unknown>): void =>
    log.error({ ...context, error }, messageOf(error));

  // 1 the lock is held; configuration and executors are this host's own
  const config = openConfig(home, options);
  for (const warning of config.warnings) log.warn({ ...warning }, 'config.yaml');
  const registry = createExecutorRegistry({ path: env['PATH'] ?? '', home: userHome });
  await registry.refresh(config.current);

  // 2 runs, and the link over which they come
  let isolation: ReturnType<typeof detectIsolation> | null = null;
  const { platform } = process;
  const keepAwake = createKeepAwake({ isWanted: () => config.current.keepAwake, platform, env });
  const runs: HostRuns = new HostRuns({
    home,
    homeIdentity: lock.identity,
    runner: options.runner ?? ownRunner(env),
    pass: passOn,
    onError,
    executors: () => registry.all(),
    secretFrame: (executor) =>
      buildSecretFrame(executor, env, [options.tokenText], (ref) => resolveSecret(ref, env)),
    isolation: () => (isolation ??= detectIsolation()),
    roots: () => config.current.roots,
    marginMs: () => uplink.marginMs,
    onNews: (run) => uplink.news(run),
    onUnused: (grant, why, declines) => uplink.refuse(grant, why, declines),
    onCount: (count) => keepAwake.runs(count),
  });
  const about = (): About => ({
    protocol: protocolVersion,
    instance: lock.identity,
    hostname: hostname(),
    version,
    pid: process.pid,
    lanes: options.lanes,
    labels: options.labels,
    concurrency: options.concurrency,
    executors: Object.fromEntries(Object.entries(registry.all()).map(([name, { kind }]) => [name, kind])),
  });
  const uplink: Uplink = new Uplink({
    token,
    openWire: options.openWire,
    about,
    runs,
    note: (fields, message) => log.info(fields, message),
    onError,
  });
  const adopted = runs.adopt();

  // 3 signals; then work is asked for
  const stopped = Promise.withResolvers<number>();
  const hurry = new AbortController();
  const stop = async (): Promise<number> => {
    log.info({ running: runs.runs.length }, 'stopping');
    uplink.drain();
    await runs.drain(config.current.drain.timeoutMs, hurry.signal);
    const left = await runs.handOver();
    await uplink.stop();
    log.info({ left }, 'stopped');
    return 0;
  };
  const background = new AbortController();
  answerSignals({
    onStop: (_, count) => {
      if (count > 2) process.exit(1);
      if (count > 1) hurry.abort();
      else {
        background.abort();
        stop().then(stopped.resolve, stopped.reject);
      }
    },
    onReload: () => config.reload(),
  });
  config.watch(async (error) => {
    if (error !== null) log.error({ error }, 'config.yaml is not used; the last good one stays');
    else
      await registry
        .refresh(config.current)
        .catch((failure: unknown) => onError(failure, { part: 'reload' }));
  }, background.signal);
  uplink.start();
  log.info({ name: token.name, adopted, home }, 'ready');
  return stopped.promise;
}
