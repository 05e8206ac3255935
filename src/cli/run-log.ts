// What the last run of a job said: from its journal on this disk, else from the daemon; all of it, or as it comes.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobAnswer, JournalEntry } from './answers.ts';
import type { Client } from './client.ts';
import { report, type Context } from './context.ts';
import { createDetach } from './detach.ts';
import { createEntryLines, toolText } from './entry-lines.ts';
import { readEvents } from './event-stream.ts';
import { resolveJobId } from './job-id.ts';
import { connectFrom } from './run-access.ts';

interface LastRun {
  readonly client: Client;
  readonly jobId: string;
  /** Null: the job has not run yet, which was said. */
  readonly runId: string | null;
}

export async function showRun(context: Context, text: string): Promise<number> {
  const { client, jobId, runId } = await lastRun(context, text);
  if (runId === null) {
    report(context, { jobId, runId, entries: [] }, []);
    return 0;
  }
  const entries = (await readJournal(context.home, runId)) ?? (await readStream(client, runId));
  if (context.json) report(context, { jobId, runId, entries }, []);
  else {
    let drawn = '';
    const draw = createDrawing((more) => (drawn += more));
    for (const entry of entries) draw(entry);
    context.terminal.printText(drawn);
  }
  return 0;
}

/** Until the run has ended, 0; or is left, 130. With --json one entry a line. */
export async function followRun(context: Context, text: string): Promise<number> {
  const { terminal, json } = context;
  const detach = createDetach();
  const { client, runId } = await lastRun(context, text);
  if (runId === null) return 0;
  let open = '';
  const draw = createDrawing((more) => {
    // Whole lines only: what is printed ends with a line end.
    const all = open + more;
    const end = all.lastIndexOf('\n') + 1;
    if (end > 0) terminal.printText(all.slice(0, end));
    open = all.slice(end);
  });
  try {
    const stream = await client.open(`/api/v1/runs/${runId}/stream`, {}, detach.signal);
    for await (const { id, data } of readEvents(stream)) {
      if (id === null) continue;
      if (json) terminal.print(data);
      else draw(JSON.parse(data) as JournalEntry);
    }
  } catch (error) {
    if (!detach.signal.aborted) throw error;
    return 130;
  }
  if (open !== '') terminal.printText(open);
  return 0;
}

async function lastRun(context: Context, text: string): Promise<LastRun> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const { job } = await client.call<JobAnswer>('jobs.get', { params: { id } });
  const run = job.runs.at(-1);
  if (run === undefined && !context.json)
    context.terminal.say(`Job ${id} has not run yet; it is ${job.state}.`);
  return { client, jobId: id, runId: run?.id ?? null };
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

/** Text as the agent wrote it, all else in lines of its own. */
function createDrawing(write: (text: string) => void): (entry: JournalEntry) => void {
  const lines = createEntryLines();
  let isAtStart = true;
  const add = (text: string): void => {
    if (text === '') return;
    write(text);
    isAtStart = text.endsWith('\n');
  };
  const addLine = (line: string): void => add(`${isAtStart ? '' : '\n'}${line}\n`);
  return (entry) => {
    if (entry.type === 'text' && entry.stream !== 'stderr') {
      if (entry.delta === true) add(entry.text);
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
  };
}
