// What is known of a run's end, in the form in which the ledger settles it.

import { join } from 'node:path';
import type { EndEvent, Usage } from '../core/agent.ts';
import { withNews } from '../core/allowance.ts';
import { isHomerError, messageOf } from '../core/errors.ts';
import type { Verdict } from '../core/verdict.ts';
import { noUsage, type RunReport } from '../ledger/run-record.ts';
import { fileNames, resultBytes, type Exit, type JournalEntry } from '../runner/files.ts';
import { readJournal } from '../runner/journal-reader.ts';

export function reportFromExit(exit: Exit): RunReport {
  return {
    verdict: exit.verdict,
    message: exit.message ?? undefined,
    until: exit.until ?? undefined,
    text: exit.text,
    data: exit.data,
    usage: exit.usage,
    exitCode: exit.exitCode,
    agentSessionId: exit.agentSessionId,
    tree: exit.tree,
  };
}

export interface JournalSummary {
  readonly end: EndEvent | null;
  readonly usage: Usage;
  readonly agentSessionId: string | null;
  /** Nothing was written yet, so no agent was started. */
  readonly isEmpty: boolean;
}

export const emptySummary: JournalSummary = {
  end: null,
  usage: noUsage,
  agentSessionId: null,
  isEmpty: true,
};

/** Reads a whole journal for what a run without exit.json left: its terminal event, usage and agent session. */
export async function summarizeJournal(directory: string): Promise<JournalSummary> {
  let summary = emptySummary;
  for (let offset = 0; ;) {
    const { entries, nextOffset } = await readJournal(join(directory, fileNames.journal), offset);
    if (nextOffset === offset) return summary;
    offset = nextOffset;
    for (const entry of entries) summary = { ...addEntry(summary, entry), isEmpty: false };
  }
}

function addEntry(summary: JournalSummary, entry: JournalEntry): JournalSummary {
  if (entry.type === 'end') return { ...summary, end: entry };
  if (entry.type === 'session') return { ...summary, agentSessionId: entry.agentSessionId };
  if (entry.type === 'usage') return { ...summary, usage: withNews(summary.usage, entry) };
  return summary;
}

export function reportFromJournal(
  summary: JournalSummary,
  end: EndEvent,
  tree: 'dead' | 'unproven',
): RunReport {
  return {
    verdict: end.verdict,
    message: end.message,
    until: end.until,
    text: end.text === undefined ? null : cut(end.text),
    data: end.data ?? null,
    usage: summary.usage,
    exitCode: null,
    agentSessionId: summary.agentSessionId,
    tree,
  };
}

/** For a run that said nothing of its end. */
export function reportWithout(
  summary: JournalSummary,
  verdict: Verdict,
  message: string | undefined,
): RunReport {
  return {
    verdict,
    message,
    text: null,
    data: null,
    usage: summary.usage,
    exitCode: null,
    agentSessionId: summary.agentSessionId,
    tree: 'dead',
  };
}

/** For a run that never came to a runner. */
export function reportOfFailedStart(error: unknown): RunReport {
  const verdict = isHomerError(error, 'HOMER_SECRET_MISSING') ? 'secret_missing' : 'spawn_failed';
  return reportWithout(emptySummary, verdict, messageOf(error));
}

function cut(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= resultBytes) return text;
  return `${new TextDecoder().decode(bytes.subarray(0, resultBytes))}\n[cut: the journal has the whole]`;
}
