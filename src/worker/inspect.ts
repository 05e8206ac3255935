// Gathers what is known of a run whose runner may be gone: the facts that decideRecovery decides on.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LeftRun } from '../core/recovery.ts';
import { isLockHeldProof } from '../lifecycle/lock.ts';
import { hostBootId } from '../lifecycle/process-identity.ts';
import { fileNames, type Exit, type OrderedStop } from '../runner/files.ts';
import { endLeftovers, findRunLeftovers } from '../runner/leftovers.ts';
import { readExit, readRunRecord, readSession, readSpec } from '../runner/records.ts';
import { emptySummary, summarizeJournal, type JournalSummary } from './report.ts';
import { orderedStop } from './stop-order.ts';

export interface Inspection {
  readonly facts: LeftRun;
  readonly exit: Exit | null;
  readonly journal: JournalSummary;
  /** Why it was told to end; null: it was not. */
  readonly ordered: OrderedStop | null;
  /** Processes that could not be ended. */
  readonly survivors: readonly number[];
}

export interface InspectedRun {
  readonly directory: string;
  readonly starts: number;
  readonly foreignGeneration: boolean;
  /** HOMER_RUN in the environment of everything the run starts. */
  readonly marker: string;
  /** Host boot in which the run was granted. */
  readonly hostBootId: string | null;
}

/**
 * Asks the kernel whether the runner lives. If not, ends what it left behind, by the run's marker and never by name,
 * and reads how far it came.
 */
export async function inspectRun(run: InspectedRun): Promise<Inspection> {
  const { directory, starts, foreignGeneration } = run;
  const exit = readExit(directory);
  // exit.json is the last thing a runner writes: whether it has let go of its lock by now does not matter.
  const lock = exit !== null || !existsSync(directory) ? 'free' : await isLockHeldProof(directory);
  const record = readRunRecord(directory);
  const ordered = orderedStop(directory);
  const isThere = (name: string): boolean => existsSync(join(directory, name));
  const known = {
    lock,
    foreignGeneration,
    starts,
    agentMayHaveStarted: record !== null,
    unreadable: (record === null && isThere(fileNames.run)) || (exit === null && isThere(fileNames.exit)),
    hostRestarted: (record?.hostBootId ?? run.hostBootId) !== hostBootId(),
    endRequested: ordered !== null,
  };
  if (lock === 'held') {
    const facts: LeftRun = { ...known, exitVerdict: null, journalVerdict: null, tree: 'unproven' };
    return { facts, exit: null, journal: emptySummary, ordered, survivors: [] };
  }
  // Whoever wrote an exit.json has said all in it.
  const summary = exit === null ? await summarizeJournal(directory) : emptySummary;
  const journal =
    record === null
      ? summary
      : { ...summary, agentSessionId: summary.agentSessionId ?? sessionOf(directory) };
  const isTreeKnown = exit?.tree === 'dead';
  const wasAlive = !isTreeKnown && findRunLeftovers([run.marker]).has(run.marker);
  const survivors = wasAlive ? await endTreeOf(run) : [];
  const tree = survivors.length === 0 ? 'dead' : 'unproven';
  const facts: LeftRun = {
    ...known,
    // Files can be deleted by anybody. A start that has left no trace where it must have is no start that never was.
    agentMayHaveStarted:
      record !== null || !journal.isEmpty || wasAlive || (starts > 0 && !isThere(fileNames.spec)),
    exitVerdict: exit?.verdict ?? null,
    // The lines of a version that is not known may mean something else.
    journalVerdict: known.unreadable ? null : (journal.end?.verdict ?? null),
    tree,
  };
  return { facts, exit: exit === null ? null : { ...exit, tree }, journal, ordered, survivors };
}

/**
 * The session of an agent that was cut off before the journal had its name: what it did is in the session it was given, and
 * a fresh one would do it again. Should it never have come to that session, its executor starts it anew under the same id.
 */
function sessionOf(directory: string): string | null {
  return readSession(directory)?.agentSessionId ?? readSpec(directory)?.turn.session.id ?? null;
}

async function endTreeOf(run: InspectedRun): Promise<readonly number[]> {
  const proof = await endLeftovers(run.marker);
  return proof.tree === 'dead' ? [] : proof.pids;
}

/** In a sentence, why it cannot be said that nothing of the run is left. */
export function whyUnproven({ facts, survivors }: Inspection): string {
  if (facts.unreadable) return 'A newer version of Homer ran it, whose files cannot be read here.';
  if (facts.lock === 'unknown') return 'It cannot be told whether its runner lives.';
  return `These processes could not be ended: ${survivors.join(', ')}.`;
}
