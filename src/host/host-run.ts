// A run that a daemon on another host lent to this one, and what is on disk of it beside the runner's own files: `claim.json` from
// before anything is started, `ending.json` until the daemon has taken it.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunId } from '../core/ids.ts';
import type { LeftFile, LeftFiles } from '../core/left-files.ts';
import type { Claim } from '../engine/engine.ts';
import type { RunReport } from '../ledger/run-record.ts';
import type { Order } from '../runner/files.ts';
import { readLease } from '../runner/lease.ts';
import { runMarker } from '../runner/leftovers.ts';
import { syncDirectory, writeFileWhole } from '../runner/records.ts';
import type { Brief } from '../worker/brief.ts';
import type { RunFile } from '../worker/remote/messages.ts';
import type { DrivenRun } from '../worker/run-book.ts';
import { runDirectory } from '../worker/run-files.ts';

export type Ending =
  | { readonly type: 'ended'; readonly report: RunReport; readonly left: LeftFiles | null }
  | { readonly type: 'unproven'; readonly why: string };

interface ClaimFile {
  readonly claim: Claim;
  readonly brief: Brief;
  /** What the daemon had of the outbox of its workspace; null: it works in none. */
  readonly outbox: readonly LeftFile[] | null;
  readonly hostBootId: string | null;
  readonly starts: number;
}

/** Of one of its files, bytes: what the daemon has, and what is on its way. */
export interface Transit {
  acknowledged: number;
  sent: number;
}

export interface HostRun extends DrivenRun {
  readonly brief: Brief;
  readonly outbox: readonly LeftFile[] | null;
  starts: number;
  /** It was told to end before it had an inbox. */
  isCancelled: boolean;
  /** Questions that wait for a person. */
  readonly asked: Set<string>;
  /** On the steady clock, ms. */
  leaseEndsAt: number;
  ending: Ending | null;
  readonly transit: Readonly<Record<RunFile, Transit>>;
  /** The conversation in which its ending was reported. */
  reportedIn: number;
  /** The last order that came, and those that came before there was an inbox. */
  ordered: number;
  readonly early: Order[];
  /** Resolves when the daemon said that the run is still this worker's. */
  readonly confirmed: PromiseWithResolvers<void>;
  /** Resolves when what became of it is in the ledger; rejects with HOMER_FENCED when it is not this worker's any more. */
  readonly over: PromiseWithResolvers<void>;
  isGone: boolean;
}

const claimName = 'claim.json';
const endingName = 'ending.json';

interface Home {
  readonly home: string;
  readonly homeIdentity: string;
}

/** Makes the directory of a run that was granted; on disk when it returns. Throws as the file system does. */
export function makeHostRun(home: Home, file: ClaimFile, leaseEndsAt: number): HostRun {
  const directory = runDirectory(home.home, file.claim.runId);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  syncDirectory(join(home.home, 'runs'));
  const run = hostRunOf(home, file, leaseEndsAt);
  writeClaim(run);
  return run;
}

export function writeClaim({ directory, claim, brief, outbox, hostBootId, starts }: HostRun): void {
  const file: ClaimFile = { claim, brief, outbox, hostBootId, starts };
  writeFileWhole(join(directory, claimName), JSON.stringify(file));
}

export function writeEnding({ directory }: HostRun, ending: Ending): void {
  writeFileWhole(join(directory, endingName), JSON.stringify(ending));
}

/** What an earlier process of this worker left. */
export function findHostRuns(home: Home): HostRun[] {
  const runs = join(home.home, 'runs');
  return readdirSync(runs).flatMap((name) => {
    const file = isRunId(name) ? (readJson(join(runs, name, claimName)) as ClaimFile | null) : null;
    if (file?.claim.runId !== name) return [];
    const run = hostRunOf(home, file, readLease(join(runs, name)) ?? 0);
    return [{ ...run, ending: readJson(join(runs, name, endingName)) as Ending | null }];
  });
}

function hostRunOf({ home, homeIdentity }: Home, file: ClaimFile, leaseEndsAt: number): HostRun {
  const { claim } = file;
  const over = Promise.withResolvers<void>();
  // Whoever waits for it hears of it; nobody may.
  over.promise.catch(() => undefined);
  return {
    ...file,
    directory: runDirectory(home, claim.runId),
    marker: runMarker(homeIdentity, claim.runId),
    foreignGeneration: false,
    noted: 0,
    isToEnd: false,
    isCancelled: false,
    asked: new Set(),
    ordered: 0,
    early: [],
    leaseEndsAt,
    ending: null,
    transit: { journal: { acknowledged: 0, sent: 0 }, left: { acknowledged: 0, sent: 0 } },
    reportedIn: -1,
    confirmed: Promise.withResolvers<void>(),
    over,
    isGone: false,
  };
}

function readJson(path: string): unknown {
  try {
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
  } catch {
    // Not whole: it was being written when everything ended, and what it tells of had not begun.
    return null;
  }
}
