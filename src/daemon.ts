// The daemon: the only file that knows everyone. Boot is the numbered list in `#boot`, stopping the one in lifecycle/shutdown.ts.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openConfig, type LiveConfig } from './config/live-config.ts';
import { messageOf } from './core/errors.ts';
import { createBoard } from './daemon/board.ts';
import { openHands } from './daemon/hands.ts';
import { KnownSecrets } from './daemon/known-secrets.ts';
import { startListening } from './daemon/listening.ts';
import { openDaemonLog } from './daemon/logging.ts';
import { openOutside } from './daemon/outside.ts';
import type { Parts } from './daemon/parts.ts';
import { createReload } from './daemon/reloading.ts';
import { openScheduler } from './daemon/scheduling.ts';
import { openTokenBook } from './daemon/tokens.ts';
import { crash, createDaemonShutdown, stopBySignal } from './daemon/stopping.ts';
import { openUpkeep } from './daemon/upkeep.ts';
import { openWatching } from './daemon/watching.ts';
import { openWebhooks } from './daemon/webhooks.ts';
import { watchHome } from './health/home-watch.ts';
import { startWork } from './health/start-work.ts';
import { createDiskWatch } from './health/disk-watch.ts';
import { Troubles, type Condition } from './health/condition.ts';
import { openLedger } from './ledger/ledger.ts';
import type { Lock } from './lifecycle/lock.ts';
import type { Log } from './lifecycle/log.ts';
import { Pulse } from './lifecycle/pulse.ts';
import { hostBootId } from './lifecycle/process-identity.ts';
import { lastSign, removeRecord } from './lifecycle/record.ts';
import { answerSignals } from './lifecycle/signals.ts';
import type { Service } from './lifecycle/service.ts';
import { unsupervised, type Supervisor } from './lifecycle/supervisor.ts';
import { createWatchdog, type WatchdogOptions } from './lifecycle/watchdog.ts';
import { passOn, type PassWaypoint } from './lifecycle/waypoint.ts';
import { openOperations } from './operations/open.ts';
import { SkillsOfSessions } from './skills/session-skills.ts';
import { SkillWatch } from './skills/watch.ts';
import { createRunStream } from './worker/run-stream.ts';
import { createExecutorRegistry, type ExecutorRegistry } from './worker/executor-registry.ts';
import { openWorker } from './worker/open.ts';
import type { LeaseTerms } from './worker/remote/messages.ts';
import type { RunnerCommand } from './worker/runner-process.ts';

export interface DaemonOptions {
  /** Held for as long as the daemon runs. */
  readonly lock: Lock;
  /** Absolute path of the prepared state directory. */
  readonly home: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Nobody looks at its standard error. */
  readonly background?: boolean;
  /** What `~` stands for. */
  readonly userHome: string;
  readonly supervisor?: Supervisor;
  /** The chaos suite kills the process at the points of the path; otherwise nothing happens there. */
  readonly pass?: PassWaypoint;
  readonly runner?: RunnerCommand;
  readonly watchdog?: WatchdogOptions;
  readonly leases?: LeaseTerms;
}

/** Runs until it is stopped; resolves with the exit code of the process. Rejects when it cannot start. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  return new Daemon(options).run();
}

class Daemon {
  readonly #options: DaemonOptions;
  readonly #log: Log;
  readonly #secrets: KnownSecrets;
  readonly #pass: PassWaypoint;
  readonly #instanceId = randomUUID();
  readonly #startedAt = Date.now();
  readonly #ended = Promise.withResolvers<number>();
  /** Aborted when the daemon begins to stop. */
  readonly #background = new AbortController();
  readonly #pulse = new Pulse(() => performance.now(), Date.now);
  readonly #watchdog: Service;
  readonly #troubles = new Troubles();
  readonly #config: LiveConfig;
  readonly #executors: ExecutorRegistry;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#secrets = new KnownSecrets(options.env);
    this.#log = openDaemonLog(options, this.#secrets.text, () => this.#config.current);
    this.#pass = options.pass ?? passOn;
    this.#watchdog = createWatchdog(options.watchdog, this.#pulse);
    this.#config = openConfig(options.home, options);
    for (const warning of this.#config.warnings) this.#log.warn({ ...warning }, 'config.yaml');
    this.#executors = createExecutorRegistry({ path: options.env['PATH'] ?? '', home: options.userHome });
  }

  async run(): Promise<number> {
    try {
      await this.#boot();
    } catch (error) {
      this.#background.abort();
      // Nothing points to a daemon that is not there.
      await removeRecord(this.#options.home, this.#instanceId);
      throw error;
    }
    return this.#ended.promise;
  }

  async #boot(): Promise<void> {
    const { home, version, lock, env, supervisor = unsupervised } = this.#options;
    const lastSignAt = await lastSign(home);
    // 1 the lock is held already, the configuration is read; the token; 2 listen: /livez answers, all else is told to wait
    const { gateway, canvas, owner, about, trial } = await startListening({
      home,
      version,
      instanceId: this.#instanceId,
      startedAt: this.#startedAt,
      config: this.#config.current,
      log: this.#log,
      secrets: this.#secrets,
      onError: (error) => this.#fail(error, { part: 'canvas' }),
    });
    const { port } = about;

    // 3 the ledger, with its migrations, and 4 a boot of our own in it
    const ledger = await openLedger({
      file: join(home, 'homer.db'),
      backups: join(home, 'backups'),
      shared: this.#config.current.ledger.shared,
      boot: { bootId: this.#instanceId, hostBootId: hostBootId(), pid: process.pid, version, lastSignAt },
      now: Date.now,
      budgets: () => this.#config.current,
      redact: this.#secrets.text,
      onWriterState: createDiskWatch({
        log: this.#log,
        troubles: this.#troubles,
        probe: () => ledger.probe(),
        onBroken: (error) => crash(error, ledger, this.#log),
        signal: this.#background.signal,
      }),
    });
    process.on('uncaughtException', (error) => crash(error, ledger, this.#log));

    // 5 what the boot before left running is adopted; whatever has to be waited for is waited for in the background
    await Promise.all([
      this.#executors.refresh(this.#config.current),
      this.#secrets.refresh(this.#config.current, this.#log),
    ]);
    const base = {
      ...{ ledger, home, env, lock, version, startedAt: this.#startedAt, pulse: this.#pulse },
      token: owner.current,
      secrets: this.#secrets,
      resolve: this.#secrets.resolve,
      userHome: this.#options.userHome,
      config: () => this.#config.current,
      executors: () => this.#executors.all(),
      defaultExecutor: () => this.#executors.defaultName(),
      lookAgain: () => this.#executors.lookAgain(),
      pass: this.#pass,
      log: this.#log,
      troubles: this.#troubles,
      onError: (error: unknown, context: Record<string, unknown>) => this.#fail(error, context),
    };
    const { engine, remote } = openHands({ ...base, terms: this.#options.leases });
    const skills = new SkillsOfSessions(base);
    const worker = openWorker({
      ...base,
      skills,
      engine,
      remote,
      homeIdentity: lock.identity,
      hostBootId: hostBootId(),
      workerId: this.#instanceId,
      port,
      runner: this.#options.runner,
    });
    const adopted = await worker.recover(trial.only);

    // 6 what clients can ask for, and what works by itself
    const runs = createRunStream(ledger, home, (error) => this.#fail(error, { part: 'stream' }));
    const onWatching = (): void => this.#log.info({}, 'watching skills');
    const skillWatch = new SkillWatch({ ...base, skills, onWatching });
    const scheduler = openScheduler({
      ...base,
      endRun: (jobId) => worker.cancel(jobId),
      onError: (error) => this.#fail(error, { part: 'scheduler' }),
    });
    const outside = openOutside({ ...base, runs });
    const webhooks = openWebhooks(base);
    const upkeep = openUpkeep({ ...base, homeIdentity: lock.identity });
    const working = { ledger, engine, worker, remote, scheduler, outside, ...upkeep };
    const watching = openWatching({ ...base, ...working, condition: () => condition() });
    const parts: Parts = { gateway, canvas, skillWatch, webhooks, watching, ...working };
    const inlets: readonly Service[] = [
      ...[skillWatch, scheduler, ...Object.values(upkeep), ...watching.services],
      ...outside.inlets,
    ];
    const outlets: readonly Service[] = [canvas.service, ...outside.outlets];
    const shutdown = createDaemonShutdown({
      ...parts,
      inlets,
      outlets,
      watchdog: this.#watchdog,
      log: this.#log,
      supervisor,
      background: this.#background,
      drainMs: () => this.#config.current.drain.timeoutMs,
      removeRecord: () => removeRecord(home, this.#instanceId),
    });
    const condition = (): Condition => {
      // Whether a directory or an agent is there, nothing tells.
      webhooks.look();
      return this.#troubles.condition({ isHeld: ledger.isHeld(), isStopping: shutdown.isUnderWay });
    };
    shutdown.done.then(() => this.#ended.resolve(0), this.#ended.reject);
    const { performer, logins } = openOperations({
      ...base,
      engine,
      worker,
      remote,
      skills,
      scheduler,
      telegram: outside.telegram,
      personIsHere: (source, isOwner) => outside.personIsHere(source, isOwner),
      webhooks,
      canvases: canvas.canvases,
      about: { version, port, canvasPort: canvas.port, startedAt: this.#startedAt, pid: process.pid, home },
      presence: () => gateway.presence(),
      liveConfig: this.#config,
      ...upkeep,
      alerts: watching.alerts,
      owner,
      requireIntake: () => gateway.requireIntake(),
      health: condition,
      viewHealth: watching.view,
      stop: (mode) => shutdown.request(mode, mode === 'drain' ? 'homer stop' : `homer stop --${mode}`),
    });
    outside.connect(performer);
    await gateway.open({
      performer,
      events: ledger.events,
      book: openTokenBook(ledger),
      logins,
      runs,
      hooks: webhooks.door,
      updates: outside.telegram.updates,
      board: createBoard({ ...base, engine, performer, lanes: () => this.#config.current.lanes }),
      health: watching.health,
      isReady: watching.isReady,
      metrics: watching.metrics,
      answered: (name) => {
        if (name === 'jobs.create' || name === 'hook') this.#pass('2-acknowledged');
      },
    });

    // 7 signals, watchdog, configuration, and a look now and then whether the directory is still ours
    answerSignals({
      onStop: (signal, count) => stopBySignal(signal, count, shutdown, this.#log),
      onReload: () => this.#config.reload(),
    });
    await this.#watchdog.start();
    watchHome(lock, ledger, (error) => crash(error, ledger, this.#log));
    const then = await trial.pass({ ...watching, worker, shutdown, background: this.#background });
    if (then === null) return;
    const afterReload = createReload({
      ...parts,
      config: this.#config,
      executors: this.#executors,
      secrets: this.#secrets,
      troubles: this.#troubles,
      log: this.#log,
      onError: (error) => this.#fail(error, { part: 'reload' }),
    });
    this.#config.watch(afterReload, this.#background.signal);

    await watching.alerts.start();
    // 8 work begins, unless the starts before this one crashed again and again
    await startWork({
      earlierBoots: ledger.boots.before(ledger.epoch, 10),
      start: async () => {
        await worker.start();
        for (const service of [...outlets, ...inlets]) if (!shutdown.isUnderWay) await service.start();
      },
      troubles: this.#troubles,
      log: this.#log,
      onError: (error) => this.#fail(error, { part: 'worker' }),
      signal: this.#background.signal,
    });
    await ledger.commit(() => {
      ledger.boots.markReady(ledger.epoch, Date.now());
      ledger.events.append(Date.now(), 'daemon.ready', null, null, { port, adopted: adopted + then });
    });
    gateway.ready();
    supervisor.ready(`Ready on port ${port}.`);
    this.#log.info({ port, adopted: adopted + then, ms: Date.now() - this.#startedAt, home }, 'ready');
  }

  #fail(error: unknown, context: Record<string, unknown>): void {
    this.#log.error({ ...context, error }, messageOf(error));
  }
}
