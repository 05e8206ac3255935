// What the ledger has to know of a run that ended at a usage limit: whether its job is to fail, and what the agent said
// until then, for the executor that goes on.

import { join } from 'node:path';
import type { ExecutorConfig } from '../config/config.ts';
import { transcriptBytes } from '../core/transcript.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { RunReport } from '../ledger/run-record.ts';
import { fileNames, type JournalEntry } from '../runner/files.ts';
import { readJournal } from '../runner/journal-reader.ts';

/** The report with what the limit means; any other report as it is. `config`: of the job's executor, if there still is one. */
export async function withLimitTerms(
  report: RunReport,
  job: Pick<JobRecord, 'fallback'>,
  config: Pick<ExecutorConfig, 'parkOnLimit'> | undefined,
  directory: string,
): Promise<RunReport> {
  if (report.verdict !== 'rate_limited' && report.verdict !== 'offline') return report;
  const text =
    report.text === null && job.fallback.length > 0 ? await readWhatWasSaid(directory) : report.text;
  return { ...report, text, failsOnLimit: config?.parkOnLimit === false };
}

/** The agent's own words and the names of the tools it used, the end of them where they are many; null: it said nothing. */
async function readWhatWasSaid(directory: string): Promise<string | null> {
  let said = '';
  for (let offset = 0; ;) {
    const { entries, nextOffset } = await readJournal(join(directory, fileNames.journal), offset);
    if (nextOffset === offset) break;
    offset = nextOffset;
    for (const entry of entries) said += textOf(entry, said === '' || said.endsWith('\n'));
    // Characters, of which a record takes at most this many bytes.
    said = said.slice(-transcriptBytes);
  }
  return said.trim() === '' ? null : said.trim();
}

function textOf(entry: JournalEntry, isAtStart: boolean): string {
  const start = isAtStart ? '' : '\n';
  if (entry.type === 'text' && entry.stream === undefined)
    return entry.delta === true ? entry.text : `${start}${entry.text}`;
  if (entry.type === 'tool_start') return `${start}[used ${entry.name}: ${entry.summary}]\n`;
  return '';
}
