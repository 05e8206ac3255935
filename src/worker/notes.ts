// What the journal of a run says while it goes on, noted where it is needed: in the ledger, and for whoever asks what it does.

import type { Usage } from '../core/agent.ts';
import { withNews } from '../core/allowance.ts';
import type { JournalEntry } from '../runner/files.ts';
import type { JournalPart } from '../runner/journal-reader.ts';
import { type ApprovalContext, type AskingRun, noteQuestions } from './approvals.ts';
import { persist } from './persist.ts';

export interface NotesContext extends ApprovalContext {
  readonly onUsage: () => void;
}

export interface NotedRun extends AskingRun {
  /** What the agent did last; null until it did something. */
  activity: string | null;
  /** What it has used so far. */
  usage: Usage;
  /** How far its journal was noted, bytes. */
  noted: number;
}

/** Notes entries that end at `nextOffset`. `isOver`: the run has ended. */
export async function note(
  context: NotesContext,
  run: NotedRun,
  { entries, nextOffset }: JournalPart,
  isOver: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = context;
  noteUsage(context, run, entries, isOver);
  await noteQuestions(context, run, entries, isOver, signal);
  for (const entry of entries) {
    if (entry.type === 'tool_start')
      run.activity = entry.summary === '' ? entry.name : `${entry.name}: ${entry.summary}`;
    if (entry.type !== 'session') continue;
    const { agentSessionId } = entry;
    if (ledger.claims.findRun(run.claim.runId)?.agentSessionId === agentSessionId) continue;
    await persist(ledger, () => ledger.claims.recordSession(run.claim, agentSessionId, ledger.now()), signal);
  }
  run.noted = nextOffset;
}

/** What live runs use counts for the budgets of the day before they are settled. */
function noteUsage(
  { ledger, onUsage }: NotesContext,
  run: NotedRun,
  entries: readonly JournalEntry[],
  isOver: boolean,
): void {
  const before = run.usage;
  for (const entry of entries) if (entry.type === 'usage') run.usage = withNews(run.usage, entry);
  if (run.usage === before || isOver) return;
  ledger.spending.noteLive(run.claim.runId, run.claim.lane, run.usage);
  onUsage();
}
