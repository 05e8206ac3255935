// The port between a run and those who want to know of it: where a run comes from, and where its journal and its end go. The
// daemon has it from its ledger and writes it there; a worker on another host has it from the daemon.

import type { Claim } from '../engine/engine.ts';
import type { RunReport } from '../ledger/run-record.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import type { SecretFrame } from '../runner/files.ts';
import type { JournalPart } from '../runner/journal-reader.ts';
import type { RunnerCommand } from './runner-process.ts';
import type { OrderedRun, RunTime } from './stop-order.ts';

/** The host that runs are started on. */
export interface RunHost {
  /** Absolute path of the state directory, and its `device:inode`. */
  readonly home: string;
  readonly homeIdentity: string;
  readonly runner: RunnerCommand;
  readonly pass: PassWaypoint;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** A run in hand. */
export interface DrivenRun extends OrderedRun {
  readonly claim: Claim;
  /** The host's boot in which it was granted; null where the system has no such id. */
  readonly hostBootId: string | null;
  /** Left by the ledger before it was restored, copied or moved: it is ended and its job held. */
  readonly foreignGeneration: boolean;
  /** How far its journal was noted, bytes. */
  noted: number;
}

/** What its runner is started with, or how the run ends without one. */
export type Briefing = { readonly frame: SecretFrame } | { readonly report: RunReport };

/** Every method may wait as long as it has to; with the signal's reason it rejects when the run is handed over. */
export interface RunBook<Run extends DrivenRun> {
  /** It was cancelled before its runner could be told. */
  isCancelled(run: Run): boolean;
  /** Makes the directory and spec.json of the run. */
  prepare(run: Run, signal: AbortSignal): Promise<Briefing>;
  /** Written before every spawn of a runner, so that starts that come to nothing are counted. */
  recordStart(run: Run, signal: AbortSignal): Promise<void>;
  starts(run: Run): number;
  /** What its time limit is, and whether it counts now. */
  time(run: Run): RunTime;
  /** Entries that its runner wrote. `isOver`: the run has ended. */
  note(run: Run, part: JournalPart, isOver: boolean, signal: AbortSignal): Promise<void>;
  /** Its runner can be told what persons answered. Never rejects. */
  tell(run: Run, signal: AbortSignal): Promise<void>;
  /** HOMER_FENCED when the claim is not the current one. */
  settle(run: Run, report: RunReport, signal: AbortSignal): Promise<void>;
  /** The run ends and its job waits for a person. */
  awaitPerson(run: Run, why: string, signal: AbortSignal): Promise<void>;
}
