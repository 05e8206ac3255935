// Drives one run to its end. One loop serves a fresh claim, a run that was adopted, and one whose runner was killed a
// second ago: start, follow, inspect, decide. Whose run it is, and who is told of its end, it knows by a port only, so
// that it is the same loop on the daemon's host and on any other.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isHomerError } from '../core/errors.ts';
import { decideRecovery } from '../core/recovery.ts';
import type { Verdict } from '../core/verdict.ts';
import type { RunReport } from '../ledger/run-record.ts';
import { type Exit, fileNames } from '../runner/files.ts';
import { followJournal, readJournal } from '../runner/journal-reader.ts';
import { waitForRunner } from './follow.ts';
import { inspectRun, whyUnproven, type Inspection } from './inspect.ts';
import { isPassing } from './persist.ts';
import {
  emptySummary,
  type JournalSummary,
  reportFromExit,
  reportFromJournal,
  reportOfFailedStart,
  reportWithout,
} from './report.ts';
import type { DrivenRun, RunBook, RunHost } from './run-book.ts';
import { startRunner, type RunnerProcess } from './runner-process.ts';
import { orderStop, watchHeed } from './stop-order.ts';

export type Step = 'start' | 'follow' | 'inspect' | 'settled';

const retryMs = 2_000;

/** Resolves when the run is settled. Rejects with the signal's reason when the run is handed over, it then goes on. */
export async function driveRun<Run extends DrivenRun>(
  host: RunHost,
  book: RunBook<Run>,
  run: Run,
  first: Step,
  signal: AbortSignal,
): Promise<void> {
  let runner: RunnerProcess | null = null;
  for (let step = first; step !== 'settled';) {
    if (step === 'start') {
      runner = await start(host, book, run, signal);
      step = runner === null ? 'settled' : 'follow';
    } else if (step === 'follow') {
      await follow(host, book, run, runner, signal);
      runner = null;
      step = 'inspect';
    } else step = await conclude(host, book, run, signal);
  }
}

/** Null when the run never came to a runner and is settled. */
async function start<Run extends DrivenRun>(
  host: RunHost,
  book: RunBook<Run>,
  run: Run,
  signal: AbortSignal,
): Promise<RunnerProcess | null> {
  host.pass('4-recorded');
  for (;;) {
    try {
      if (!book.isCancelled(run)) return await spawn(host, book, run, signal);
      await settle(host, book, run, reportWithout(emptySummary, 'cancelled', undefined), signal);
      return null;
    } catch (error) {
      if (signal.aborted || isHomerError(error, 'HOMER_FENCED')) throw error;
      if (!isPassing(error)) {
        await settle(host, book, run, reportOfFailedStart(error), signal);
        return null;
      }
    }
    await delay(retryMs, undefined, { signal });
  }
}

async function spawn<Run extends DrivenRun>(
  host: RunHost,
  book: RunBook<Run>,
  run: Run,
  signal: AbortSignal,
): Promise<RunnerProcess | null> {
  const briefing = await book.prepare(run, signal);
  if ('report' in briefing) {
    await settle(host, book, run, briefing.report, signal);
    return null;
  }
  host.pass('5-specified');
  await book.recordStart(run, signal);
  const { directory, claim } = run;
  const runner = await startRunner(host.runner, directory, claim.runId, host.homeIdentity, briefing.frame);
  host.pass('6-spawned');
  return runner;
}

/** Returns when the runner has ended or is gone. What the journal says meanwhile is noted. */
async function follow<Run extends DrivenRun>(
  host: RunHost,
  book: RunBook<Run>,
  run: Run,
  runner: RunnerProcess | null,
  signal: AbortSignal,
): Promise<void> {
  // A cancel that came before there was an inbox is only in the book.
  if (book.isCancelled(run)) orderStop(host, run, 'cancelled');
  else if (run.foreignGeneration) orderStop(host, run, 'interrupted');
  else void book.tell(run, signal);
  const stopWatching = watchHeed(host, run, () => book.time(run));
  const following = new AbortController();
  const either = AbortSignal.any([signal, following.signal]);
  const journal = followJournal(
    run.directory,
    run.noted,
    (entries, nextOffset) => book.note(run, { entries, nextOffset }, false, signal),
    either,
  ).catch(
    // What is shown of a run is not worth the run: it goes on, and its end is read from exit.json.
    (error: unknown) => {
      if (!signal.aborted) host.onError(error, { runId: run.claim.runId, part: 'journal' });
    },
  );
  try {
    await waitForRunner(run.directory, runner, signal);
  } finally {
    stopWatching();
    following.abort();
    await journal;
  }
  host.pass('7-followed');
}

async function conclude<Run extends DrivenRun>(
  host: RunHost,
  book: RunBook<Run>,
  run: Run,
  signal: AbortSignal,
): Promise<Step> {
  const inspection = await inspectRun({ ...run, starts: book.starts(run) });
  const decision = decideRecovery(inspection.facts);
  host.pass('7-ended');
  switch (decision.do) {
    case 'adopt':
    case 'end':
      return 'follow';
    case 'start':
      return 'start';
    case 'waitForPerson':
      await noteRest(host, book, run, signal);
      await book.awaitPerson(run, whyUnproven(inspection), signal);
      return 'settled';
    default:
      await noteRest(host, book, run, signal);
      await settle(host, book, run, reportOf(inspection, decision), signal);
      return 'settled';
  }
}

/**
 * What its runner wrote after it was last looked at, before the run is settled: an answer that was applied must not be
 * taken for one that was not.
 */
export async function noteRest<Run extends DrivenRun>(
  host: Pick<RunHost, 'onError'>,
  book: Pick<RunBook<Run>, 'note'>,
  run: Run,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      const part = await readJournal(join(run.directory, fileNames.journal), run.noted);
      if (part.nextOffset === run.noted) return;
      await book.note(run, part, true, signal);
    }
  } catch (error) {
    if (signal.aborted || isHomerError(error, 'HOMER_FENCED')) throw error;
    // What is shown of a run is not worth the run: its end is read from exit.json.
    host.onError(error, { runId: run.claim.runId, part: 'journal' });
  }
}

/** Ends the run, however long the book refuses. A stale claim rejects with HOMER_FENCED. */
async function settle<Run extends DrivenRun>(
  host: RunHost,
  book: RunBook<Run>,
  run: Run,
  report: RunReport,
  signal: AbortSignal,
): Promise<void> {
  await book.settle(run, report, signal);
  host.pass('8-settled');
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
