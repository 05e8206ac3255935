// The runs of a job as lines of a log: each run with its attempts, and what its journal says.

import { join } from 'node:path';
import type { JobId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunRecord } from '../ledger/run-record.ts';
import { fileNames, type JournalEntry } from '../runner/files.ts';
import { readJournal } from '../runner/journal-reader.ts';
import { runDirectory } from '../worker/run-files.ts';

/** Of one run: the last ones count. */
const mostLines = 500;
/** A longer journal is not read to its end; bytes. */
const mostBytes = 8 * 1024 * 1024;

export async function logsOf(ledger: Ledger, home: string, jobId: JobId): Promise<string[]> {
  const lines: string[] = [];
  for (const run of ledger.claims.runsOf(jobId)) {
    lines.push(headOf(run));
    lines.push(...(await journalOf(join(runDirectory(home, run.id), fileNames.journal))));
    if (run.endedAt !== null) lines.push(endOf(run));
  }
  return lines;
}

const time = (at: number): string => new Date(at).toISOString();

function headOf(run: RunRecord): string {
  return `${time(run.startedAt ?? run.grantedAt)} run ${run.id} with ${run.executor ?? 'an unknown executor'}`;
}

function endOf(run: RunRecord): string {
  const code = run.exitCode === null ? '' : `, exit code ${run.exitCode}`;
  const message = run.message === null ? '' : `: ${run.message}`;
  return `${time(run.endedAt ?? 0)} run ${run.id} ended: ${run.verdict ?? 'unknown'}${code}${message}`;
}

async function journalOf(path: string): Promise<string[]> {
  const lines: string[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') lines.push(...text.trimEnd().split('\n'));
    text = '';
  };
  for (let offset = 0; offset < mostBytes;) {
    const { entries, nextOffset } = await readJournal(path, offset);
    if (nextOffset === offset) break;
    for (const entry of entries) {
      if (entry.type === 'text') {
        if (entry.delta !== true) flush();
        text += entry.text;
        continue;
      }
      const line = lineOf(entry);
      if (line === null) continue;
      flush();
      lines.push(`${time(entry.at)} ${line}`);
    }
    if (lines.length > 4 * mostLines) lines.splice(0, lines.length - mostLines);
    offset = nextOffset;
  }
  flush();
  return lines.slice(-mostLines);
}

function lineOf(entry: JournalEntry): string | null {
  switch (entry.type) {
    case 'tool_start':
      return `${entry.name} ${entry.summary}`;
    case 'tool_end':
      return entry.ok ? null : `failed: ${entry.summary}`;
    case 'permission':
      return `asks whether it may use ${entry.tool}`;
    case 'permission_answered':
      return entry.allow ? 'allowed' : 'denied';
    case 'retry':
    case 'limit':
      return `${entry.type}: ${entry.reason}`;
    case 'stopping':
      return `stopping: ${entry.reason}`;
    default:
      return null;
  }
}
