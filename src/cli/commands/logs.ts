// `homer logs ID`: all that the last run of a job said so far, read from its journal.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobAnswer, JournalEntry } from '../answers.ts';
import { type Client } from '../client.ts';
import { connectFrom } from '../run-access.ts';
import { report, type Context } from '../context.ts';
import { readEvents } from '../event-stream.ts';
import { resolveJobId } from '../job-id.ts';
import { createEntryLines, toolText } from '../entry-lines.ts';

export async function logs(context: Context, text: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const { job } = await client.call<JobAnswer>('jobs.get', { params: { id } });
  const run = job.runs.at(-1);
  if (run === undefined) {
    report(context, { jobId: id, runId: null, entries: [] }, []);
    if (!context.json) context.terminal.say(`Job ${id} has not run yet; it is ${job.state}.`);
    return 0;
  }
  const entries = (await readJournal(context.home, run.id)) ?? (await readStream(client, run.id));
  if (context.json) report(context, { jobId: id, runId: run.id, entries }, []);
  else context.terminal.printText(draw(entries));
  return 0;
}

/** The file, which also has what a live run said so far; null when it is not on this disk. */
async function readJournal(home: string, runId: string): Promise<JournalEntry[] | null> {
  try {
    const text = await readFile(join(home, 'runs', runId, 'journal.jsonl'), 'utf8');
    // What comes after the last line end is still being written.
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as JournalEntry);
  } catch {
    // Not written yet, moved away or not ours to read: the daemon may still have it.
    return null;
  }
}

/** From the daemon, until the run has ended. */
async function readStream(client: Client, runId: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  const stream = await client.open(`/api/v1/runs/${runId}/stream`, {}, new AbortController().signal);
  for await (const { id, data } of readEvents(stream))
    if (id !== null) entries.push(JSON.parse(data) as JournalEntry);
  return entries;
}

function draw(entries: readonly JournalEntry[]): string {
  const lines = createEntryLines();
  let text = '';
  const addLine = (line: string): void => {
    text += `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
  };
  for (const entry of entries) {
    if (entry.type === 'text' && entry.stream !== 'stderr') {
      if (entry.delta === true) text += entry.text;
      else addLine(entry.text.trimEnd());
    } else if (entry.type === 'tool_start') {
      addLine(`> ${toolText(entry.name, entry.summary)}`);
      lines(entry);
    } else if (entry.type === 'tool_end') {
      lines(entry);
      addLine(`  ${entry.ok ? 'ok' : 'failed'}${entry.summary === '' ? '' : `: ${entry.summary}`}`);
    } else {
      for (const line of lines(entry)) addLine(line);
    }
  }
  return text;
}
