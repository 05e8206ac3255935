// The order to end, on its way to a runner, and what becomes of a runner that does not heed it: its own loop may hang or spin,
// and then neither its limits nor a person's word reaches its agent.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { directoryIdentity, isLockHeldProof } from '../lifecycle/lock.ts';
import { hostBootId, isSameProcess, isStopped } from '../lifecycle/process-identity.ts';
import { fileNames, filesVersion, type OrderedStop } from '../runner/files.ts';
import { findRunLeftovers } from '../runner/leftovers.ts';
import { tickWorth } from '../runner/limits.ts';
import { hasOpen } from '../runner/process-table.ts';
import { orderNumbers, readExit, readOrder, readRunRecord, sendOrder } from '../runner/records.ts';
import type { Claim } from '../engine/engine.ts';

export interface OrderContext {
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** As much of a run as ending it needs. */
export interface OrderedRun {
  readonly claim: Claim;
  readonly directory: string;
  readonly marker: string;
  /** Its runner was told to end. */
  isToEnd: boolean;
}

/** The time limit of a run, ms (0: none), and whether its time counts now: not while a person is asked. */
export interface RunTime {
  readonly timeoutMs: number;
  readonly counts: boolean;
}

/** All in ms. */
export interface Patience {
  /** One look per this time. */
  readonly lookMs: number;
  /** For an order to be heeded: a runner's whole ladder takes 12 s. */
  readonly orderMs: number;
  /** For a runner to keep the time limit by itself, beyond that limit. */
  readonly wallMs: number;
}

export const patience: Patience = { lookMs: 5_000, orderMs: 30_000, wallMs: 60_000 };

/** Tells the runner to end; its verdict comes with its end. */
export function orderStop(
  { onError }: OrderContext,
  run: OrderedRun,
  reason: OrderedStop,
  about: { readonly message?: string; readonly until?: number } = {},
): void {
  run.isToEnd = true;
  try {
    sendOrder(run.directory, { version: filesVersion, type: 'stop', reason, ...about });
  } catch (error) {
    // A cancel is written in the ledger as well and is ordered again when the run is next looked at.
    onError(error, { runId: run.claim.runId, order: reason });
  }
}

/** The reason a run was told to end for, the first counts; null: it was not. An answer that a runner left unread ends nothing. */
export function orderedStop(directory: string): OrderedStop | null {
  const inbox = join(directory, fileNames.inbox);
  if (!existsSync(inbox)) return null;
  const orders = orderNumbers(inbox).map((number) => readOrder(inbox, number));
  return orders.find((order) => order?.type === 'stop')?.reason ?? null;
}

/**
 * Looks after a runner while it is followed: one that is long past the time limit of its run is told to end, and one that was
 * told and does not is killed; what it started is ended when the run is inspected. Counted in our own ticks, so that a machine
 * that slept ends nothing. Returns what stops the looking.
 */
export function watchHeed(
  context: OrderContext,
  run: OrderedRun,
  timeOf: () => RunTime,
  wait: Patience = patience,
): () => void {
  const { runId } = run.claim;
  let last = performance.now();
  let workedMs = 0;
  let orderedMs = 0;
  let isLooking = false;
  const look = async (): Promise<void> => {
    const now = performance.now();
    const worth = tickWorth(now - last, wait.lookMs);
    last = now;
    const time = run.isToEnd ? null : timeOf();
    if (time?.counts === true && !isStoppedRunner(run)) {
      const { timeoutMs } = time;
      workedMs += worth;
      if (timeoutMs > 0 && workedMs >= timeoutMs + Math.max(wait.wallMs, timeoutMs / 10))
        orderStop(context, run, 'timed_out');
    } else if (run.isToEnd && (orderedMs += worth) >= wait.orderMs) {
      const pid = await killDeaf(run);
      const what = `The runner ${pid} did not end though it was told to, and was killed.`;
      if (pid !== null) context.onError(new Error(what), { runId });
    }
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      // Not worth the run; the next look asks again.
      .catch((error: unknown) => context.onError(error, { runId, part: 'order', why: messageOf(error) }))
      .finally(() => (isLooking = false));
  }, wait.lookMs);
  try {
    // An earlier daemon may have told it.
    if (orderedStop(run.directory) !== null) run.isToEnd = true;
  } catch (error) {
    context.onError(error, { runId, part: 'order' });
  }
  return () => clearInterval(timer);
}

/** Somebody has stopped the runner, which is no work. */
function isStoppedRunner({ directory }: OrderedRun): boolean {
  const record = readRunRecord(directory);
  return record !== null && isStopped(record.pid);
}

/** Kills the runner unless it has heeded its order; the number it had, or null when nothing was killed. */
async function killDeaf({ claim, directory, marker }: OrderedRun): Promise<number | null> {
  const record = readRunRecord(directory);
  if (record === null || record.hostBootId !== hostBootId() || readExit(directory) !== null) return null;
  // One that has ended its agent and given up its reserve waits for room to say so: its answer is worth the wait.
  const isWriting = !existsSync(join(directory, fileNames.reserve));
  if (isWriting && !findRunLeftovers([marker]).has(marker)) return null;
  // Who has the lock of the run is its runner; the file only says where to look.
  const files = [{ name: claim.runId, identity: directoryIdentity(directory) }];
  if ((await isLockHeldProof(directory)) !== 'held' || !hasOpen(record.pid, files)) return null;
  if (!isSameProcess(record.pid, record.startTicks)) return null;
  process.kill(record.pid, 'SIGKILL');
  return record.pid;
}
