// The daemon's side of a run: it comes from the ledger, and the ledger is told of it.

import { isAbsolute } from 'node:path';
import type { ExecutorConfig, SessionsConfig } from '../config/config.ts';
import { isCanary } from '../core/canary.ts';
import { HomerError } from '../core/errors.ts';
import { isEnded } from '../core/job.ts';
import type { Claim } from '../engine/engine.ts';
import { openExecutor } from '../executors/open.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { RunReport } from '../ledger/run-record.ts';
import type { Isolation, SecretFrame } from '../runner/files.ts';
import { withAdvice } from './advice.ts';
import { tellAnswers } from './approvals.ts';
import { allowanceOf, type Brief, readBrief } from './brief.ts';
import type { Git } from './git.ts';
import { openJobWorktree } from './job-worktree.ts';
import { note, type NotedRun, type NotesContext } from './notes.ts';
import { persist } from './persist.ts';
import type { Briefing, DrivenRun, RunBook, RunHost } from './run-book.ts';
import { toolsFor } from './run-access.ts';
import { prepareRunFiles, workingDirectory } from './run-files.ts';
import { withSkills, type RunSkills } from './run-skills.ts';
import { resetIdleSession } from './session-policy.ts';
import { isLast, tidyWorktree } from './tidy-worktree.ts';
import { turnOf } from './turn.ts';
import { withLimitTerms } from './usage-limit.ts';

export interface LedgerBookContext extends NotesContext, RunHost {
  readonly workerId: string;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly secretFrame: (executor: ExecutorConfig, run: Claim) => Promise<SecretFrame>;
  readonly isolation: () => Promise<Isolation>;
  readonly skills: RunSkills;
  /** Milliseconds. */
  readonly approvalExpiryMs: () => number;
  readonly git: Git;
  readonly sessions: () => SessionsConfig;
}

/** A run in the hands of this daemon. */
export interface LedgerRun extends NotedRun, DrivenRun {
  /** It was told to end since a budget of the day is used up. */
  isOverspent: boolean;
}

export class LedgerBook implements RunBook<LedgerRun> {
  readonly #context: LedgerBookContext;

  constructor(context: LedgerBookContext) {
    this.#context = context;
  }

  isCancelled({ claim }: LedgerRun): boolean {
    return this.#jobOf(claim).cancelRequestedAt !== null;
  }

  async prepare(run: LedgerRun, signal: AbortSignal): Promise<Briefing> {
    const context = this.#context;
    const { ledger, home } = context;
    const job = this.#jobOf(run.claim);
    const { runId } = run.claim;
    const config = requireExecutor(context.executors(), job.executor);
    const executor = openExecutor(config.kind);
    await resetIdleSession(ledger, job, context.sessions(), signal);
    const terms = { canFork: executor.forks === true, expiryMs: context.approvalExpiryMs() };
    const brief = readBrief(ledger, job, runId, terms);
    const left = allowanceOf(brief, config);
    if ('report' in left) return left;
    const frame = await context.secretFrame(config, run.claim);
    const isolation = await context.isolation();
    const worktree = await openJobWorktree(context, job, signal);
    const cwd = worktree?.cwd ?? workingDirectory(home, job);
    const skills = await context.skills.prepare(job, cwd, config);
    const turn = withSkills(turnOf(job, cwd, executor, config, brief.past), skills, executor);
    const equipped = await context.skills.addVariables(frame, skills);
    const place = { home: context.homeIdentity, isolation, worktree };
    prepareRunFiles(home, { brief, config, turn, ...place, ...left, ...toolsFor(config) });
    return { frame: equipped };
  }

  /** What another host needs to be told of the run. */
  async brief(run: LedgerRun, signal: AbortSignal): Promise<Brief> {
    const { ledger, sessions, approvalExpiryMs } = this.#context;
    const job = this.#jobOf(run.claim);
    await resetIdleSession(ledger, job, sessions(), signal);
    // What it would be a copy of may lie on another host.
    return readBrief(ledger, job, run.claim.runId, { canFork: false, expiryMs: approvalExpiryMs() });
  }

  /** The workspace of Homer's own in which it works; null: it works elsewhere. */
  workspaceOf({ claim }: DrivenRun): string | null {
    const job = this.#jobOf(claim);
    return isAbsolute(job.cwd) ? null : workingDirectory(this.#context.home, job);
  }

  executorOf({ claim }: DrivenRun): string {
    return this.#jobOf(claim).executor;
  }

  async recordStart({ claim }: DrivenRun, signal: AbortSignal): Promise<void> {
    const { ledger, workerId } = this.#context;
    const start = (): void => ledger.claims.recordStart(claim, workerId, ledger.now());
    await persist(ledger, start, signal, { isUpkeep: isCanary(claim.lane) });
  }

  starts({ claim }: DrivenRun): number {
    return this.#context.ledger.claims.findRun(claim.runId)?.starts ?? 0;
  }

  time({ claim }: DrivenRun): { timeoutMs: number; counts: boolean } {
    const { approvals } = this.#context.ledger;
    const { state, timeoutMs } = this.#jobOf(claim);
    return { timeoutMs, counts: state === 'running' && approvals.openOfRun(claim.runId).length === 0 };
  }

  note(
    run: LedgerRun,
    part: Parameters<typeof note>[2],
    isOver: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    return note(this.#context, run, part, isOver, signal);
  }

  async tell(run: LedgerRun, signal: AbortSignal): Promise<void> {
    try {
      await tellAnswers(this.#context, run, signal);
    } catch (error) {
      // Handed over: the next daemon finds the answer in the ledger.
      if (!signal.aborted) this.#context.onError(error, { runId: run.claim.runId, order: 'answer' });
    }
  }

  async settle(run: LedgerRun, report: RunReport, signal: AbortSignal): Promise<void> {
    const { executors, home } = this.#context;
    const job = this.#jobOf(run.claim);
    const config = executors()[job.executor];
    const cwd = workingDirectory(home, job);
    const advised = withAdvice(report, { executor: job.executor, config, cwd });
    await this.write(run, await withLimitTerms(advised, job, config, run.directory), signal);
  }

  /** Settles with a report that says all that the run's host has to add. */
  async write(run: LedgerRun, report: RunReport, signal: AbortSignal): Promise<void> {
    const { ledger, sessions } = this.#context;
    if (this.#isHeld(run)) return this.awaitPerson(run, 'Its run was ended by the held start.', signal);
    const whole = { ...report, onLost: sessions().onLost };
    const { jobId } = run.claim;
    // What lives on may still write there.
    const mayTidy = report.tree === 'dead';
    if (mayTidy && isLast(report)) await tidyWorktree(this.#context, jobId, signal);
    const settle = (): unknown => ledger.claims.settle(run.claim, whole, ledger.now());
    await persist(ledger, settle, signal, { isUpkeep: isCanary(run.claim.lane) });
    if (mayTidy && isEnded(ledger.jobs.get(jobId).state)) await tidyWorktree(this.#context, jobId, signal);
  }

  async awaitPerson(run: LedgerRun, why: string, signal: AbortSignal): Promise<void> {
    const { ledger } = this.#context;
    const code = this.#isHeld(run) ? 'HOMER_HELD' : 'HOMER_TREE_UNPROVEN';
    await persist(ledger, () => ledger.claims.await(run.claim, code, why, ledger.now()), signal);
  }

  #jobOf({ jobId }: Claim): JobRecord {
    return this.#context.ledger.jobs.get(jobId);
  }

  /** Once a person has released the daemon, a run that was still being ended is settled like any other. */
  #isHeld(run: DrivenRun): boolean {
    return run.foreignGeneration && this.#context.ledger.isHeld();
  }
}

/** HOMER_EXECUTOR_UNKNOWN */
export function requireExecutor(
  executors: Readonly<Record<string, ExecutorConfig>>,
  name: string,
): ExecutorConfig {
  const config = Object.hasOwn(executors, name) ? executors[name] : undefined;
  if (config !== undefined) return config;
  throw new HomerError('HOMER_EXECUTOR_UNKNOWN', `The executor "${name}" is not configured any more.`);
}
