// The worker: takes claims, runs each through a runner of its own, and settles what came of it. One loop serves a fresh
// claim, a run that was adopted, and one whose runner was killed a second ago: inspect, decide, act, follow.

import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutorConfig } from '../config/config.ts';
import { HomerError, isHomerError, messageOf } from '../core/errors.ts';
import type { JobId, RunId } from '../core/ids.ts';
import { decideRecovery } from '../core/recovery.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Claim, Engine } from '../engine/engine.ts';
import { openExecutor } from '../executors/open.ts';
import type { RunReport } from '../ledger/claims.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import { filesVersion, type Isolation, type SecretFrame, type StopReason } from '../runner/files.ts';
import { followJournal } from '../runner/journal-reader.ts';
import { runMarker } from '../runner/leftovers.ts';
import { sendOrder } from '../runner/records.ts';
import { waitForRunner } from './follow.ts';
import { inspectRun, type Inspection } from './inspect.ts';
import { isRefusedByDisk, persist } from './persist.ts';
import { emptySummary, reportFromExit, reportFromJournal, reportWithout } from './report.ts';
import { prepareRunFiles, runDirectory } from './run-files.ts';
import { startRunner, type RunnerCommand, type RunnerProcess } from './runner-process.ts';

export interface WorkerOptions {
  readonly ledger: Ledger;
  readonly engine: Engine;
  /** Absolute path of the state directory. */
  readonly home: string;
  /** `device:inode` of the state directory. */
  readonly homeIdentity: string;
  readonly hostBootId: string | null;
  readonly workerId: string;
  readonly runner: RunnerCommand;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly secretFrame: (executor: ExecutorConfig) => Promise<SecretFrame>;
  readonly isolation: () => Promise<Isolation>;
  readonly pass: PassWaypoint;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** A run in the hands of this worker. */
interface Run {
  readonly claim: Claim;
  readonly directory: string;
  /** `HOMER_RUN`: the home and the run. */
  readonly marker: string;
  readonly hostBootId: string | null;
  readonly foreignGeneration: boolean;
  /** What the agent did last, for the status; null until it did something. */
  activity: string | null;
}

type Step = 'start' | 'inspect' | 'follow';

const diskRetryMs = 2_000;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #runs = new Map<RunId, Run>();
  readonly #driving = new Map<RunId, Promise<void>>();
  /** Aborted when the runs are handed over: they go on, we let go of them. */
  readonly #handOver = new AbortController();

  #settled = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Adopts every run an earlier boot left behind; each is then adopted, settled or started again on its own. */
  async recover(): Promise<number> {
    const { ledger } = this.#options;
    const left = ledger.claims.liveRuns();
    if (left.length === 0) return 0;
    const boots = new Map(
      ledger.boots.before(ledger.epoch, 1000).map((boot) => [boot.epoch, boot.hostBootId]),
    );
    const claims = await ledger.commit(() => left.map((run) => ledger.claims.adopt(run.id, ledger.now())));
    claims.forEach((claim, index) => {
      const run = this.#runOf(
        claim,
        boots.get(left[index]?.epoch ?? 0) ?? this.#options.hostBootId,
        ledger.isHeld(),
      );
      this.#keep(run, this.#drive(run, 'inspect'));
    });
    return claims.length;
  }

  /** Takes claims from the engine until the engine is closed. */
  async start(): Promise<void> {
    await this.#options.engine.receive((claim) => {
      this.#options.pass('3-claimed');
      const run = this.#runOf(claim, this.#options.hostBootId, false);
      return this.#keep(run, this.#drive(run, 'start'));
    });
  }

  /** What the run of a job did last; null when nothing is known. */
  activityOf(jobId: string): string | null {
    return [...this.#runs.values()].find((run) => run.claim.jobId === jobId)?.activity ?? null;
  }

  get liveCount(): number {
    return this.#driving.size;
  }

  /** Runs settled since the daemon was started. */
  get settledCount(): number {
    return this.#settled;
  }

  /** Tells the run of a job to end; nothing happens when none is in hand. */
  cancel(jobId: JobId): void {
    for (const run of this.#runs.values()) if (run.claim.jobId === jobId) this.#order(run, 'cancelled');
  }

  /** Resolves when no run is in hand, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const idle = Promise.all(this.#driving.values()).then(() => undefined);
    await Promise.race([
      idle,
      delay(timeoutMs, undefined, { signal: timeout.signal, ref: true }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  /** Tells every run to end, as interrupted. */
  endAll(): void {
    for (const run of this.#runs.values()) this.#order(run, 'interrupted');
  }

  /** Lets go of what still runs; the runners go on and the next daemon adopts them. Returns how many there are. */
  async handOver(): Promise<number> {
    const left = this.#driving.size;
    this.#handOver.abort(new HomerError('HOMER_DRAINING', 'The daemon stops; the run goes on.'));
    await Promise.all(this.#driving.values());
    return left;
  }

  #runOf(claim: Claim, hostBoot: string | null, foreignGeneration: boolean): Run {
    const { home, homeIdentity } = this.#options;
    return {
      claim,
      directory: runDirectory(home, claim.runId),
      marker: runMarker(homeIdentity, claim.runId),
      hostBootId: hostBoot,
      foreignGeneration,
      activity: null,
    };
  }

  #keep(run: Run, driving: Promise<void>): Promise<void> {
    const { runId, jobId } = run.claim;
    this.#runs.set(runId, run);
    const kept = driving
      .catch((error: unknown) => {
        if (!this.#handOver.signal.aborted) this.#options.onError(error, { jobId, runId });
      })
      .finally(() => {
        this.#runs.delete(runId);
        this.#driving.delete(runId);
      });
    this.#driving.set(runId, kept);
    return kept;
  }

  async #drive(run: Run, first: Step): Promise<void> {
    let step: Step | 'settled' = first;
    let runner: RunnerProcess | null = null;
    while (step !== 'settled') {
      if (step === 'start') {
        runner = await this.#startOrSettle(run);
        step = runner === null ? 'settled' : 'follow';
      } else if (step === 'follow') {
        await this.#follow(run, runner);
        runner = null;
        step = 'inspect';
      } else step = await this.#conclude(run);
    }
  }

  /** Null when the run never came to a runner and is settled. */
  async #startOrSettle(run: Run): Promise<RunnerProcess | null> {
    const { ledger, pass } = this.#options;
    pass('4-recorded');
    for (;;) {
      try {
        const job = ledger.jobs.get(run.claim.jobId);
        if (job.cancelRequestedAt !== null) return await this.#settle(run, failure('cancelled', undefined));
        return await this.#spawn(run, job);
      } catch (error) {
        if (this.#handOver.signal.aborted) throw error;
        if (isHomerError(error, 'HOMER_SECRET_MISSING'))
          return this.#settle(run, failure('secret_missing', error.message));
        if (!isRefusedByDisk(error)) return this.#settle(run, failure('spawn_failed', messageOf(error)));
      }
      await delay(diskRetryMs, undefined, { signal: this.#handOver.signal });
    }
  }

  async #spawn(run: Run, job: JobRecord): Promise<RunnerProcess> {
    const { ledger, home, homeIdentity, pass, runner, workerId } = this.#options;
    const config = this.#options.executors()[job.executor];
    if (config === undefined) {
      throw new HomerError(
        'HOMER_EXECUTOR_UNKNOWN',
        `The executor "${job.executor}" is not in the configuration any more.`,
      );
    }
    const frame = await this.#options.secretFrame(config);
    const isolation = await this.#options.isolation();
    const executor = openExecutor(config.kind);
    const { generation } = ledger;
    prepareRunFiles(home, {
      runId: run.claim.runId,
      job,
      config,
      executor,
      generation,
      home: homeIdentity,
      isolation,
    });
    pass('5-specified');
    await persist(
      ledger,
      () => ledger.claims.recordStart(run.claim, workerId, ledger.now()),
      this.#handOver.signal,
    );
    const started = await startRunner(runner, run.directory, run.claim.runId, homeIdentity, frame);
    pass('6-spawned');
    // A cancel that came while the runner was being started found no inbox to order it in.
    if (ledger.jobs.get(job.id).cancelRequestedAt !== null) this.#order(run, 'cancelled');
    return started;
  }

  /** Returns when the runner is gone. What the journal says meanwhile is noted. */
  async #follow(run: Run, runner: RunnerProcess | null): Promise<void> {
    const following = new AbortController();
    const signal = AbortSignal.any([this.#handOver.signal, following.signal]);
    const journal = followJournal(run.directory, 0, (entries) => this.#note(run, entries), signal);
    try {
      await waitForRunner(run.directory, runner, this.#handOver.signal);
    } finally {
      following.abort();
      await journal;
    }
    this.#options.pass('7-followed');
  }

  #note(run: Run, entries: Parameters<Parameters<typeof followJournal>[2]>[0]): void {
    const { ledger } = this.#options;
    for (const entry of entries) {
      if (entry.type === 'tool_start')
        run.activity = entry.summary === '' ? entry.name : `${entry.name}: ${entry.summary}`;
      if (entry.type !== 'session') continue;
      if (ledger.claims.findRun(run.claim.runId)?.agentSessionId === entry.agentSessionId) continue;
      const intent = (): void => ledger.claims.recordSession(run.claim, entry.agentSessionId, ledger.now());
      persist(ledger, intent, this.#handOver.signal).catch((error: unknown) => {
        if (!this.#handOver.signal.aborted) this.#options.onError(error, { runId: run.claim.runId });
      });
    }
  }

  async #conclude(run: Run): Promise<Step | 'settled'> {
    const { ledger } = this.#options;
    const starts = ledger.claims.findRun(run.claim.runId)?.starts ?? 0;
    const inspection = await inspectRun({ ...run, starts });
    const decision = decideRecovery(inspection.facts);
    this.#options.pass('7-ended');
    switch (decision.do) {
      case 'adopt':
        if (ledger.jobs.get(run.claim.jobId).cancelRequestedAt !== null) this.#order(run, 'cancelled');
        return 'follow';
      case 'end':
        this.#order(run, 'interrupted');
        return 'follow';
      case 'start':
        return 'start';
      case 'waitForPerson':
        await this.#waitForPerson(run, inspection);
        return 'settled';
      default:
        await this.#settle(run, reportOf(inspection, decision));
        return 'settled';
    }
  }

  async #waitForPerson(run: Run, { facts, survivors }: Inspection): Promise<void> {
    const { ledger } = this.#options;
    const why =
      facts.lock === 'unknown'
        ? 'It cannot be told whether its runner lives.'
        : `These processes could not be ended: ${survivors.join(', ')}.`;
    await persist(
      ledger,
      () => ledger.claims.await(run.claim, 'HOMER_TREE_UNPROVEN', why, ledger.now()),
      this.#handOver.signal,
    );
  }

  /** Always null: the run is over. A claim that is stale by now is dropped, and said so. */
  async #settle(run: Run, report: RunReport): Promise<null> {
    const { ledger, engine } = this.#options;
    const { claim } = run;
    const settle = (): void => {
      if (run.foreignGeneration)
        ledger.claims.await(claim, 'HOMER_HELD', 'Its run was ended by the held start.', ledger.now());
      else ledger.claims.settle(claim, report, ledger.now());
    };
    await persist(ledger, settle, this.#handOver.signal);
    this.#settled += 1;
    this.#options.pass('8-settled');
    await engine.withdraw(claim.jobId);
    return null;
  }

  #order(run: Run, reason: Extract<StopReason, 'cancelled' | 'interrupted'>): void {
    try {
      sendOrder(run.directory, { version: filesVersion, type: 'stop', reason });
    } catch (error) {
      this.#options.onError(error, { runId: run.claim.runId, order: reason });
    }
  }
}

function reportOf(
  inspection: Inspection,
  decision: { do: 'settleFromExit' | 'settleFromJournal' } | { do: 'settle'; verdict: Verdict },
): RunReport {
  const { exit, journal, facts } = inspection;
  if (decision.do === 'settleFromExit' && exit !== null) return reportFromExit(exit);
  if (decision.do === 'settleFromJournal' && journal.end !== null)
    return reportFromJournal(journal, journal.end, facts.tree);
  return reportWithout(journal, decision.do === 'settle' ? decision.verdict : 'lost', undefined);
}

function failure(verdict: Verdict, message: string | undefined): RunReport {
  return reportWithout(emptySummary, verdict, message);
}
