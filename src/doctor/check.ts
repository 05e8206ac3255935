// A check: one thing that can be wrong, with its stable name, why it matters, how it is looked for and, where nothing can be lost
// by it, how it is mended.

import type { Config } from '../config/config.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { messageOf } from '../core/errors.ts';
import type { LedgerFacts } from '../ledger/facts.ts';
import type { LockState } from '../lifecycle/lock.ts';
import type { DaemonRecord } from '../lifecycle/record.ts';
import { type DoctorReport, type Finding, note, type Outcome } from './report.ts';
import type { Surroundings } from './sign-in.ts';

/** What stands of a check in docs/doctor.md, and in the document of `--json` as `why`. */
export interface CheckEntry {
  /** Kebab-case, never used for anything else again. */
  readonly id: string;
  /** What findings of it are listed under. */
  readonly about: string;
  /** The worst that it says. */
  readonly severity: 'note' | 'problem';
  /** One sentence. */
  readonly why: string;
  /** Part of `--security`. */
  readonly security?: true;
  /** Looked at with `--security` only: it takes longer, or says what not everybody wants to hear each time. */
  readonly deep?: true;
}

export interface Check extends CheckEntry {
  /** Null: there is nothing here that it is about. What it throws becomes a note. */
  readonly look: (around: Around) => Found | Promise<Found>;
  /**
   * Mends what `look` has found, where it breaks nothing, and says each thing it did. Called only when it found something; a second
   * call finds nothing to do.
   */
  readonly mend?: (around: Around) => readonly string[] | Promise<readonly string[]>;
}

export type Found = Outcome | readonly Outcome[] | null;

/** What a daemon that runs says of itself. */
export interface DaemonSays {
  /** Null: it did not answer. */
  readonly version: string | null;
  readonly problems: readonly { readonly code: string; readonly message: string; readonly hint: string }[];
  /** Why it did not answer; null: it did, or was not asked. */
  readonly silence: { readonly text: string; readonly step: string | null } | null;
  readonly telegram: { readonly state: string; readonly problem: string | null } | null;
  readonly backup: { readonly lastVerifiedAt: string | null } | null;
  readonly ledger: LedgerFacts | null;
}

/** How the ledger could be looked at. */
export type LedgerLook =
  | { readonly state: 'none' }
  /** `isWhole`: SQLite has checked every page of it; null: that was not done, since a daemon works on it or it took too long. */
  | {
      readonly state: 'read';
      readonly facts: LedgerFacts;
      readonly isWhole: boolean | null;
      readonly damage: readonly string[];
    }
  | {
      readonly state: 'unread';
      readonly why: string;
      readonly isBroken: boolean;
      /** Known when that is why it was not read. */
      readonly schema: number | null;
    };

/** All that checks look at; made once for a run. Where the machine is looked at it is below `root`. */
export interface Around extends Surroundings {
  /** Absolute; it may not exist. */
  readonly home: string;
  readonly version: string;
  /** `/`; tests put another machine there. */
  readonly root: string;
  readonly now: number;
  readonly nodeVersion: string;
  /** Null where the system has no users. */
  readonly uid: number | null;
  /** Null: it cannot be read, as `configError` says. */
  readonly config: Config | null;
  readonly configError: { readonly text: string; readonly step: string | null } | null;
  readonly warnings: readonly ConfigProblem[];
  readonly lock: LockState;
  readonly record: DaemonRecord | null;
  /** A daemon has the lock. */
  readonly isRunning: boolean;
  readonly daemon: DaemonSays | null;
  readonly ledger: LedgerLook;
  readonly isolation: DoctorReport['isolation'];
  readonly wantedUnits: readonly WantedUnit[];
}

/** A service unit that is installed, and what would be installed now. */
export interface WantedUnit {
  readonly path: string;
  readonly written: string;
  readonly wanted: string;
}

/** A check that takes longer than this is not waited for. */
const patienceMs = 3_500;

/** Never rejects: a check that cannot look says so. */
export async function runCheck(check: Check, around: Around): Promise<readonly Finding[]> {
  const timeUp = Promise.withResolvers<Found>();
  const timer = setTimeout(
    () => timeUp.resolve(note(`It could not be looked at within ${patienceMs / 1000} s.`)),
    patienceMs,
  );
  try {
    const found = await Promise.race([Promise.resolve(around).then(check.look), timeUp.promise]);
    if (found === null) return [];
    const outcomes = Array.isArray(found) ? (found as readonly Outcome[]) : [found as Outcome];
    return outcomes.map((outcome) => findingOf(check, outcome));
  } catch (error) {
    return [findingOf(check, note(`It could not be looked at: ${messageOf(error)}.`))];
  } finally {
    clearTimeout(timer);
  }
}

/** Pure. */
export function findingOf(entry: CheckEntry & Pick<Check, 'mend'>, outcome: Outcome): Finding {
  const { id, about } = entry;
  return { id, about, ...outcome, fixable: entry.mend !== undefined && outcome.level !== 'ok' };
}

/** The facts of the ledger, for checks that need nothing else of it. Pure. */
export function factsOf({ ledger }: Around): LedgerFacts | null {
  return ledger.state === 'read' ? ledger.facts : null;
}
