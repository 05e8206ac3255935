// What the runs that an earlier daemon left have used so far, known before the first claim of this one.

import type { Ledger } from '../ledger/ledger.ts';
import type { NotedRun } from './notes.ts';
import { summarizeJournal } from './report.ts';

export interface LeftUsageContext {
  readonly ledger: Ledger;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** Reads the journals of those runs that a budget of the day applies to; `inHand` says which are not settled yet. */
export async function noteLeftUsage(
  { ledger, onError }: LeftUsageContext,
  inHand: () => readonly NotedRun[],
): Promise<void> {
  const { spending } = ledger;
  for (const run of inHand()) {
    const { runId, lane } = run.claim;
    if (spending.allowance(lane, ledger.now()) === null) continue;
    try {
      const { usage } = await summarizeJournal(run.directory);
      if (inHand().includes(run)) spending.noteLive(runId, lane, usage);
    } catch (error) {
      // It is followed all the same, and its usage known a little later.
      onError(error, { runId, part: 'journal' });
    }
  }
}
