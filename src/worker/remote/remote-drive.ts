// Drives a run on another host to its end: granted, its journal noted as it comes, settled by what its worker reports or, when that is
// not heard of, by the end of its lease.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LeftFile, LeftFiles } from '../../core/left-files.ts';
import { steadyNow } from '../../lifecycle/steady-clock.ts';
import { watchDirectory } from '../../lifecycle/watch.ts';
import { fileNames } from '../../runner/files.ts';
import { followJournal } from '../../runner/journal-reader.ts';
import { readOutbox } from '../../runner/outbox.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerBook, LedgerRun } from '../ledger-book.ts';
import { persist } from '../persist.ts';
import { reportWithout, summarizeJournal } from '../report.ts';
import { noteRest } from '../run-driver.ts';
import { orderStop } from '../stop-order.ts';
import type { Desk } from './desk.ts';
import type { LeaseTerms } from './messages.ts';
import { makeMirror } from './mirror.ts';
import { type Outcome, RemoteRun } from './remote-run.ts';
import { dropLeft, unpackLeft } from './unpack-left.ts';

export interface RemoteDriveContext {
  readonly ledger: Ledger;
  readonly desk: Desk;
  readonly terms: () => LeaseTerms;
  /** A worker could not do a job; it is not given that again for a while. */
  readonly onDeclined: (host: string, jobId: string, why: string) => void;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** Between a job that a worker did not take and the next attempt, ms. */
const handBackMs = 250;

/** As driveRun does. `isFresh`: it was granted just now, in this very boot. */
export async function driveRemoteRun(
  context: RemoteDriveContext,
  book: LedgerBook,
  run: LedgerRun,
  host: string,
  isFresh: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { desk, ledger, terms, onError } = context;
  const { claim, directory } = run;
  makeMirror(directory);
  const remote = new RemoteRun(run, host, {
    leaseEndsAt: steadyNow() + terms().leaseMs,
    isHeld: !isFresh && (ledger.claims.findRun(claim.runId)?.starts ?? 0) > 0,
  });
  desk.add(remote);
  const inbox = watchDirectory(
    join(directory, fileNames.inbox),
    () => desk.passOrders(remote),
    (error) => onError(error, { runId: claim.runId, part: 'inbox' }),
  );
  try {
    if (isFresh) await grant(context, book, remote, signal);
    const outcome = await follow(context, book, remote, signal);
    await conclude(context, book, remote, outcome, signal);
    desk.say(host, { type: 'settled', runId: claim.runId });
  } finally {
    inbox.close();
    desk.delete(remote);
  }
}

async function grant(
  { desk, terms }: RemoteDriveContext,
  book: LedgerBook,
  remote: RemoteRun,
  signal: AbortSignal,
): Promise<void> {
  const { run, host } = remote;
  const { jobId, lane, token } = run.claim;
  const seat = desk.seats.find(({ record }) => record.name === host);
  const kind = seat?.about?.executors[book.executorOf(run)];
  const brief = await book.brief(run, signal);
  // From when the worker asked: it counts from then, and never later than we do.
  remote.leaseEndsAt = steadyNow() + terms().leaseMs;
  const message =
    seat === undefined || kind === undefined
      ? null
      : desk.say(host, {
          type: 'grant',
          jobId,
          lane,
          token,
          beat: seat.beat,
          brief,
          outbox: thereOf(book, run),
        });
  if (message === null || seat === undefined)
    remote.end({ how: 'unused', why: 'The worker has gone.', declines: false });
  else remote.grantedIn = { talk: seat.talk, message };
}

/** Of the newest files of a session's outbox; those that are left out are brought again, and known for the same then. */
const mostThere = 500;

function thereOf(book: LedgerBook, run: LedgerRun): readonly LeftFile[] | null {
  const workspace = book.workspaceOf(run);
  if (workspace === null) return null;
  return readOutbox(workspace)
    .toSorted((a, b) => b.mtimeMs - a.mtimeMs)
    .slice(0, mostThere);
}

async function takeLeft(
  { onError }: RemoteDriveContext,
  book: LedgerBook,
  run: LedgerRun,
  left: LeftFiles | null,
  signal: AbortSignal,
): Promise<void> {
  const workspace = book.workspaceOf(run);
  if (left === null || workspace === null) return;
  const tell = (error: unknown): void => onError(error, { runId: run.claim.runId, part: 'outbox' });
  await unpackLeft(run.directory, workspace, left, { onError: tell, signal });
}

/** Resolves with the end of the run, when what the mirror has of its journal was noted. */
async function follow(
  { onError }: RemoteDriveContext,
  book: LedgerBook,
  { run, outcome }: RemoteRun,
  signal: AbortSignal,
): Promise<Outcome> {
  const context = { onError };
  if (book.isCancelled(run)) orderStop(context, run, 'cancelled');
  else if (run.foreignGeneration) orderStop(context, run, 'interrupted');
  else void book.tell(run, signal);
  const following = new AbortController();
  const journal = followJournal(
    run.directory,
    run.noted,
    (entries, nextOffset) => book.note(run, { entries, nextOffset }, false, signal),
    AbortSignal.any([signal, following.signal]),
  ).catch((error: unknown) => {
    if (!signal.aborted) onError(error, { runId: run.claim.runId, part: 'journal' });
  });
  const handedOver = Promise.withResolvers<never>();
  const onAbort = (): void => handedOver.reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([outcome, handedOver.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    following.abort();
    await journal;
  }
}

async function conclude(
  context: RemoteDriveContext,
  book: LedgerBook,
  { run, host }: RemoteRun,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = context;
  const { claim, directory } = run;
  // Before the run is settled, so that a daemon that is killed here is sent it again.
  if (outcome.how === 'ended') await takeLeft(context, book, run, outcome.left, signal);
  dropLeft(directory);
  switch (outcome.how) {
    case 'unused':
      if (outcome.declines) context.onDeclined(host, claim.jobId, outcome.why);
      await persist(
        ledger,
        () => ledger.claims.handBack(claim, outcome.declines ? 0 : handBackMs, ledger.now()),
        signal,
      );
      if (existsSync(directory)) rmSync(directory, { recursive: true, force: true });
      return;
    case 'unproven':
      await noteRest(context, book, run, signal);
      await book.awaitPerson(run, outcome.why, signal);
      return;
    case 'ended':
      await noteRest(context, book, run, signal);
      await book.write(run, outcome.report, signal);
      return;
    case 'lost':
      await noteRest(context, book, run, signal);
      await book.write(run, reportWithout(await summarizeJournal(directory), 'lost', outcome.why), signal);
  }
}
