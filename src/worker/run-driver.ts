// Drives one run to its end. One loop serves a fresh claim, a run that was adopted, and one whose runner was killed a
// second ago: start, follow, inspect, decide.

import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutorConfig, SessionsConfig } from '../config/config.ts';
import { HomerError, isHomerError } from '../core/errors.ts';
import { isEnded } from '../core/job.ts';
import { decideRecovery } from '../core/recovery.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Claim } from '../engine/engine.ts';
import { openExecutor } from '../executors/open.ts';
import type { RunReport } from '../ledger/run-record.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import type { Exit, Isolation, SecretFrame } from '../runner/files.ts';
import { followJournal } from '../runner/journal-reader.ts';
import { withAdvice } from './advice.ts';
import { tellAnswers } from './approvals.ts';
import { waitForRunner } from './follow.ts';
import type { Git } from './git.ts';
import { inspectRun, whyUnproven, type Inspection } from './inspect.ts';
import { openJobWorktree } from './job-worktree.ts';
import { note, type NotedRun, noteRest } from './notes.ts';
import { isPassing, persist } from './persist.ts';
import {
  emptySummary,
  type JournalSummary,
  reportFromExit,
  reportFromJournal,
  reportOfFailedStart,
  reportWithout,
} from './report.ts';
import { readAllowance, reportOfNothingLeft } from './run-allowance.ts';
import { prepareRunFiles, workingDirectory } from './run-files.ts';
import { withSkills, type RunSkills } from './run-skills.ts';
import { resetIdleSession } from './session-policy.ts';
import { type OrderedRun, orderStop, watchHeed } from './stop-order.ts';
import { isLast, tidyWorktree } from './tidy-worktree.ts';
import { readPast, turnOf } from './turn.ts';
import { withLimitTerms } from './usage-limit.ts';
import { startRunner, type RunnerCommand, type RunnerProcess } from './runner-process.ts';

export interface RunContext {
  readonly ledger: Ledger;
  /** Absolute path of the state directory, and its `device:inode`. */
  readonly home: string;
  readonly homeIdentity: string;
  readonly workerId: string;
  readonly runner: RunnerCommand;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  readonly secretFrame: (executor: ExecutorConfig, run: Claim) => Promise<SecretFrame>;
  readonly isolation: () => Promise<Isolation>;
  readonly skills: RunSkills;
  /** Milliseconds. */
  readonly approvalExpiryMs: () => number;
  readonly concurrencyOf: (lane: string) => number;
  readonly git: Git;
  readonly sessions: () => SessionsConfig;
  /** Told after the usage of a run that goes on has become known. */
  readonly onUsage: () => void;
  readonly pass: PassWaypoint;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** A run in the hands of this worker. */
export interface Run extends NotedRun, OrderedRun {
  /** The host's boot in which it was granted; null where the system has no such id. */
  readonly hostBootId: string | null;
  /** Left by the ledger before it was restored, copied or moved: it is ended and its job held. */
  readonly foreignGeneration: boolean;
  /** It was told to end since a budget of the day is used up. */
  isOverspent: boolean;
}

export type Step = 'start' | 'follow' | 'inspect' | 'settled';

const retryMs = 2_000;

/** Resolves when the run is settled. Rejects with the signal's reason when the run is handed over, it then goes on. */
export async function driveRun(
  context: RunContext,
  run: Run,
  first: Step,
  signal: AbortSignal,
): Promise<void> {
  let runner: RunnerProcess | null = null;
  for (let step = first; step !== 'settled';) {
    if (step === 'start') {
      runner = await start(context, run, signal);
      step = runner === null ? 'settled' : 'follow';
    } else if (step === 'follow') {
      await follow(context, run, runner, signal);
      runner = null;
      step = 'inspect';
    } else step = await conclude(context, run, signal);
  }
}

/** Null when the run never came to a runner and is settled. */
async function start(context: RunContext, run: Run, signal: AbortSignal): Promise<RunnerProcess | null> {
  context.pass('4-recorded');
  for (;;) {
    const job = context.ledger.jobs.get(run.claim.jobId);
    try {
      if (job.cancelRequestedAt === null) return await spawn(context, run, job, signal);
      await settle(context, run, reportWithout(emptySummary, 'cancelled', undefined), signal);
      return null;
    } catch (error) {
      if (signal.aborted || isHomerError(error, 'HOMER_FENCED')) throw error;
      if (!isPassing(error)) {
        await settle(context, run, reportOfFailedStart(error), signal);
        return null;
      }
    }
    await delay(retryMs, undefined, { signal });
  }
}

async function spawn(
  context: RunContext,
  run: Run,
  job: JobRecord,
  signal: AbortSignal,
): Promise<RunnerProcess | null> {
  const { ledger, home, homeIdentity, pass } = context;
  const { runId } = run.claim;
  const config = context.executors()[job.executor];
  if (config === undefined) {
    throw new HomerError(
      'HOMER_EXECUTOR_UNKNOWN',
      `The executor "${job.executor}" is not configured any more.`,
    );
  }
  const allowance = readAllowance(ledger, job, runId, config);
  const nothingLeft = reportOfNothingLeft(allowance);
  if (nothingLeft !== null) {
    await settle(context, run, nothingLeft, signal);
    return null;
  }
  const frame = await context.secretFrame(config, run.claim);
  const isolation = await context.isolation();
  const executor = openExecutor(config.kind);
  const worktree = await openJobWorktree(context, job, signal);
  await resetIdleSession(ledger, job, context.sessions(), signal);
  const cwd = worktree?.cwd ?? workingDirectory(home, job);
  const skills = await context.skills.prepare(job, cwd, config);
  const past = readPast(ledger, job, runId, executor);
  const turn = withSkills(turnOf(job, cwd, executor, config, past), skills, executor);
  const equipped = await context.skills.addVariables(frame, skills);
  const approvals = { expiryMs: context.approvalExpiryMs(), granted: ledger.sessionGrants.of(job) };
  const terms = { approvals, allowance, worktree, generation: ledger.generation };
  prepareRunFiles(home, { runId, job, config, turn, home: homeIdentity, isolation, ...terms });
  pass('5-specified');
  await persist(ledger, () => ledger.claims.recordStart(run.claim, context.workerId, ledger.now()), signal);
  const runner = await startRunner(context.runner, run.directory, runId, homeIdentity, equipped);
  pass('6-spawned');
  return runner;
}

/** Returns when the runner has ended or is gone. What the journal says meanwhile is noted. */
async function follow(
  context: RunContext,
  run: Run,
  runner: RunnerProcess | null,
  signal: AbortSignal,
): Promise<void> {
  // A cancel that came before there was an inbox is only in the ledger.
  if (context.ledger.jobs.get(run.claim.jobId).cancelRequestedAt !== null)
    orderStop(context, run, 'cancelled');
  else if (run.foreignGeneration) orderStop(context, run, 'interrupted');
  else void tellRun(context, run, signal);
  const stopWatching = watchHeed(context, run);
  const following = new AbortController();
  const either = AbortSignal.any([signal, following.signal]);
  const journal = followJournal(
    run.directory,
    run.noted,
    (entries, nextOffset) => note(context, run, { entries, nextOffset }, false, signal),
    either,
  ).catch(
    // What is shown of a run is not worth the run: it goes on, and its end is read from exit.json.
    (error: unknown) => {
      if (!signal.aborted) context.onError(error, { runId: run.claim.runId, part: 'journal' });
    },
  );
  try {
    await waitForRunner(run.directory, runner, signal);
  } finally {
    stopWatching();
    following.abort();
    await journal;
  }
  context.pass('7-followed');
}

/** Tells its runner what persons answered, once its job has its slot. Never rejects. */
export async function tellRun(context: RunContext, run: Run, signal: AbortSignal): Promise<void> {
  try {
    await tellAnswers(context, run, signal);
  } catch (error) {
    // Handed over: the next daemon finds the answer in the ledger.
    if (!signal.aborted) context.onError(error, { runId: run.claim.runId, order: 'answer' });
  }
}

async function conclude(context: RunContext, run: Run, signal: AbortSignal): Promise<Step> {
  const { ledger, pass } = context;
  const starts = ledger.claims.findRun(run.claim.runId)?.starts ?? 0;
  const inspection = await inspectRun({ ...run, starts });
  const decision = decideRecovery(inspection.facts);
  pass('7-ended');
  switch (decision.do) {
    case 'adopt':
    case 'end':
      return 'follow';
    case 'start':
      return 'start';
    case 'waitForPerson':
      await noteRest(context, run, signal);
      await awaitPerson(context, run, whyUnproven(inspection), signal);
      return 'settled';
    default:
      await noteRest(context, run, signal);
      await settle(context, run, reportOf(inspection, decision), signal);
      return 'settled';
  }
}

/** The run ends and its job waits for a person. */
export async function awaitPerson(
  context: RunContext,
  run: Run,
  why: string,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = context;
  const code = isHeld(context, run) ? 'HOMER_HELD' : 'HOMER_TREE_UNPROVEN';
  await persist(ledger, () => ledger.claims.await(run.claim, code, why, ledger.now()), signal);
}

/** Once a person has released the daemon, a run that was still being ended is settled like any other. */
function isHeld({ ledger }: RunContext, run: Run): boolean {
  return run.foreignGeneration && ledger.isHeld();
}

/** Ends the run and moves its job, however long the disk refuses. A stale claim rejects with HOMER_FENCED. */
async function settle(context: RunContext, run: Run, report: RunReport, signal: AbortSignal): Promise<void> {
  const { ledger } = context;
  const { onLost } = context.sessions();
  const job = ledger.jobs.get(run.claim.jobId);
  const config = context.executors()[job.executor];
  const cwd = workingDirectory(context.home, job);
  const advised = withAdvice(report, { executor: job.executor, config, cwd });
  const terms = await withLimitTerms(advised, job, config, run.directory);
  const whole = { ...terms, onLost };
  if (isHeld(context, run)) await awaitPerson(context, run, 'Its run was ended by the held start.', signal);
  else {
    const { jobId } = run.claim;
    // What lives on may still write there.
    const mayTidy = report.tree === 'dead';
    if (mayTidy && isLast(report)) await tidyWorktree(context, jobId, signal);
    await persist(ledger, () => ledger.claims.settle(run.claim, whole, ledger.now()), signal);
    if (mayTidy && isEnded(ledger.jobs.get(jobId).state)) await tidyWorktree(context, jobId, signal);
  }
  context.pass('8-settled');
}

/** An agent that was never started has no session to go on in. */
function cutOffSession({ verdict }: Exit, { agentSessionId }: JournalSummary): string | null {
  return verdict === 'spawn_failed' || verdict === 'done' ? null : agentSessionId;
}

type Settling = { do: 'settleFromExit' | 'settleFromJournal' } | { do: 'settle'; verdict: Verdict };

function reportOf({ exit, journal, facts, ordered }: Inspection, decision: Settling): RunReport {
  if (decision.do === 'settleFromExit' && exit !== null)
    return reportFromExit({ ...exit, agentSessionId: exit.agentSessionId ?? cutOffSession(exit, journal) });
  if (decision.do === 'settleFromJournal' && journal.end !== null)
    return reportFromJournal(journal, journal.end, facts.tree);
  if (decision.do === 'settle' && decision.verdict === 'interrupted' && ordered === 'timed_out')
    return reportWithout(journal, 'timed_out', undefined);
  return reportWithout(journal, decision.do === 'settle' ? decision.verdict : 'lost', undefined);
}
