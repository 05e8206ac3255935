// The worker's side of a run: it comes from the daemon, with all that the ledger knows of it, and this host adds what it has of its own.
// What becomes of it is on this host's disk until the daemon has taken it.

import { mkdirSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ExecutorConfig } from '../config/config.ts';
import { HomerError } from '../core/errors.ts';
import type { LeftFiles } from '../core/left-files.ts';
import { openExecutor } from '../executors/open.ts';
import type { RunReport } from '../ledger/run-record.ts';
import type { Isolation, SecretFrame } from '../runner/files.ts';
import type { JournalPart } from '../runner/journal-reader.ts';
import { writeLease } from '../runner/lease.ts';
import { sendOrder } from '../runner/records.ts';
import { withAdvice } from '../worker/advice.ts';
import { allowanceOf } from '../worker/brief.ts';
import { requireExecutor } from '../worker/ledger-book.ts';
import type { Briefing, RunBook, RunHost } from '../worker/run-book.ts';
import { prepareRunFiles, workingDirectory } from '../worker/run-files.ts';
import type { RunTime } from '../worker/stop-order.ts';
import { turnOf } from '../worker/turn.ts';
import { withLimitTerms } from '../worker/usage-limit.ts';
import { type Ending, type HostRun, writeClaim, writeEnding } from './host-run.ts';
import { packLeft } from './pack-left.ts';

export interface HostBookContext extends RunHost {
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly secretFrame: (executor: ExecutorConfig) => Promise<SecretFrame>;
  readonly isolation: () => Promise<Isolation>;
  readonly marginMs: () => number;
  /** There is more to tell of the run. */
  readonly onNews: (run: HostRun) => void;
}

export class HostBook implements RunBook<HostRun> {
  readonly #context: HostBookContext;

  constructor(context: HostBookContext) {
    this.#context = context;
  }

  isCancelled({ isCancelled }: HostRun): boolean {
    return isCancelled;
  }

  async prepare(run: HostRun, signal: AbortSignal): Promise<Briefing> {
    const { home, homeIdentity, executors, marginMs } = this.#context;
    const { brief } = run;
    // An earlier process was given it, and did not come to start it: it may be somebody else's by now.
    await orAborted(Promise.race([run.confirmed.promise, run.over.promise]), signal);
    const config = requireExecutor(executors(), brief.job.executor);
    const left = allowanceOf(brief, config);
    if ('report' in left) return left;
    const frame = await this.#context.secretFrame(config);
    const isolation = await this.#context.isolation();
    const cwd = workingDirectory(home, brief.job);
    // A workspace of its session; no other directory is made here.
    if (!isAbsolute(brief.job.cwd)) mkdirSync(cwd, { recursive: true, mode: 0o700 });
    const turn = turnOf(brief.job, cwd, openExecutor(config.kind), config, brief.past);
    const lease = { marginMs: marginMs() };
    writeLease(run.directory, run.leaseEndsAt);
    prepareRunFiles(home, {
      brief,
      config,
      turn,
      home: homeIdentity,
      isolation,
      ...left,
      worktree: null,
      lease,
    });
    return { frame };
  }

  async recordStart(run: HostRun): Promise<void> {
    if (run.isGone) throw gone(run);
    run.starts += 1;
    writeClaim(run);
    for (const order of run.early.splice(0)) sendOrder(run.directory, order);
    this.#context.onNews(run);
  }

  starts({ starts }: HostRun): number {
    return starts;
  }

  time({ brief, asked }: HostRun): RunTime {
    return { timeoutMs: brief.job.timeoutMs, counts: asked.size === 0 };
  }

  async note(run: HostRun, { entries, nextOffset }: JournalPart): Promise<void> {
    for (const entry of entries) {
      if (entry.type === 'permission' && entry.waits === true) run.asked.add(entry.requestId);
      if (entry.type === 'permission_answered') run.asked.delete(entry.requestId);
    }
    run.noted = nextOffset;
    this.#context.onNews(run);
  }

  async tell(): Promise<void> {
    // Answers come as orders and are passed on as they come.
  }

  async settle(run: HostRun, report: RunReport, signal: AbortSignal): Promise<void> {
    const { home, executors } = this.#context;
    const { job } = run.brief;
    const config = executors()[job.executor];
    const cwd = workingDirectory(home, job);
    const advised = withAdvice(report, { executor: job.executor, config, cwd });
    const whole = await withLimitTerms(advised, job, config, run.directory);
    await this.end(run, { type: 'ended', report: whole, left: await this.#left(run, cwd) }, signal);
  }

  /** What it left for a person. */
  async #left(run: HostRun, cwd: string): Promise<LeftFiles | null> {
    if (run.outbox === null || run.isGone) return null;
    const { runId } = run.claim;
    const onError = (error: unknown): void => this.#context.onError(error, { runId, part: 'outbox' });
    return packLeft(run.directory, cwd, run.outbox, onError);
  }

  async awaitPerson(run: HostRun, why: string, signal: AbortSignal): Promise<void> {
    await this.end(run, { type: 'unproven', why }, signal);
  }

  /** Resolves when the daemon has it; rejects with HOMER_FENCED when that does not want it any more. */
  async end(run: HostRun, ending: Ending, signal: AbortSignal): Promise<void> {
    if (run.isGone) throw gone(run);
    if (run.ending === null) {
      writeEnding(run, ending);
      run.ending = ending;
    }
    this.#context.onNews(run);
    await orAborted(run.over.promise, signal);
  }
}

export function gone({ claim }: HostRun): HomerError {
  return new HomerError('HOMER_FENCED', `The run ${claim.runId} is not this worker's any more.`);
}

function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
