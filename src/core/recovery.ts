// What to do at start-up with a run that the daemon before this one left behind.

import type { Verdict } from './verdict.ts';

/** Starts of one run that may be lost before they count as a crash: the third is one. */
export const maxStarts = 3;

/** All that is known of the run; `lock` is the kernel lock on the run's directory, the only proof of life. */
export interface LeftRun {
  readonly lock: 'held' | 'free' | 'unknown';
  /** The run belongs to an earlier generation of the ledger (restored or copied). */
  readonly foreignGeneration: boolean;
  /** Times the runner was spawned for this run id. */
  readonly starts: number;
  /** run.json is there: the runner came far enough to start its agent. */
  readonly agentMayHaveStarted: boolean;
  /** Its files are there but of a version that is not known here: a newer Homer ran it. */
  readonly unreadable: boolean;
  /** The verdict in exit.json, if that file is whole. */
  readonly exitVerdict: Verdict | null;
  /** The verdict of a terminal event in the journal, if there is one. */
  readonly journalVerdict: Verdict | null;
  /** Whether every process of the run is gone. */
  readonly tree: 'dead' | 'unproven';
  /** The host was restarted since the run was started. */
  readonly hostRestarted: boolean;
  /** A person or a stop asked the run to end. */
  readonly endRequested: boolean;
}

export type Recovery =
  | { readonly do: 'adopt' }
  | { readonly do: 'end' }
  | { readonly do: 'start' }
  | { readonly do: 'settleFromExit' }
  | { readonly do: 'settleFromJournal' }
  | { readonly do: 'settle'; readonly verdict: 'interrupted' | 'lost' }
  | { readonly do: 'waitForPerson' };

export function decideRecovery(run: LeftRun): Recovery {
  if (run.lock === 'held') return run.foreignGeneration ? { do: 'end' } : { do: 'adopt' };
  // Without an answer of the kernel nothing is known: to start again could run the task twice.
  if (run.lock === 'unknown') return { do: 'waitForPerson' };
  // A finished answer counts even when something the agent started lives on; anything that may lead to another
  // run needs the old tree dead first.
  if (run.exitVerdict !== null && (run.tree === 'dead' || run.exitVerdict === 'done'))
    return { do: 'settleFromExit' };
  if (run.journalVerdict !== null && (run.tree === 'dead' || run.journalVerdict === 'done'))
    return { do: 'settleFromJournal' };
  // What was done is written down where only another version can read it.
  if (run.unreadable) return { do: 'waitForPerson' };
  if (run.tree === 'unproven') return { do: 'waitForPerson' };
  if (run.hostRestarted || run.endRequested || run.foreignGeneration)
    return { do: 'settle', verdict: 'interrupted' };
  if (!run.agentMayHaveStarted && run.starts < maxStarts) return { do: 'start' };
  return { do: 'settle', verdict: 'lost' };
}
