// How waiting for a job looks on standard error. Never a word of it goes to standard output.

import type { JournalEntry } from '../runner/files.ts';
import type { Job } from './answers.ts';
import { oneLine, plain, span } from './format.ts';
import { tellChange } from './job-story.ts';
import { createLiveProgress } from './live-progress.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  /** The job as it is now; called after every change. */
  job(job: Job): void;
  entry(entry: JournalEntry): void;
  /** A sentence that stays. */
  note(line: string): void;
  /** The connection to the daemon is lost; it is looked for. */
  away(): void;
  back(): void;
  /** Leaves the terminal as it should be. `keepsText`: what the agent said last is not the result, so it stays. */
  close(keepsText: boolean): void;
}

/** A picture that moves on a terminal, plain lines everywhere else. */
export function createProgress(terminal: Terminal): Progress {
  return terminal.isInteractive
    ? createLiveProgress(terminal, process.stderr)
    : createPlainProgress(terminal);
}

function createPlainProgress({ say }: Terminal): Progress {
  let last: Job | null = null;
  const lines = createEntryLines();
  return {
    job(job) {
      const before = last;
      last = job;
      if (job.runs.length > 0 && (before?.runs.length ?? 0) === 0) say('It has started.');
      for (const line of tellChange(before, job, Date.now())) say(line);
    },
    entry(entry) {
      for (const line of lines(entry)) say(line);
    },
    note: say,
    away: () => say('The connection to Homer is lost; the job is safe. Waiting for Homer.'),
    back: () => say('Homer is back.'),
    close: () => undefined,
  };
}

/** What of a journal is worth a line of its own while one waits: what tools did and what went wrong, not the text. */
export function createEntryLines(): (entry: JournalEntry) => string[] {
  const tools = new Map<string, { readonly name: string; readonly at: number }>();
  return (entry) => {
    switch (entry.type) {
      case 'tool_start':
        tools.set(entry.toolId, { name: toolText(entry.name, entry.summary), at: entry.at });
        return [];
      case 'tool_end': {
        const tool = tools.get(entry.toolId);
        tools.delete(entry.toolId);
        const took = tool === undefined ? 0 : entry.at - tool.at;
        const failed = entry.ok ? '' : ', failed';
        return [`  ${tool?.name ?? 'tool'}${took >= 1_000 ? `, ${span(took)}` : ''}${failed}`];
      }
      case 'text':
        return entry.stream === 'stderr'
          ? plain(entry.text)
              .trimEnd()
              .split('\n')
              .map((line) => `  ${line}`)
          : [];
      case 'agent_started':
        return entry.mode === 'resume' ? ['It goes on in the same agent session.'] : [];
      case 'retry': {
        const wait = entry.delayMs === null ? '' : ` in ${span(entry.delayMs)}`;
        return [`The agent tries again${wait}: ${plain(entry.reason)}`];
      }
      case 'limit':
        return [`The agent met a limit: ${plain(entry.reason)}`];
      case 'permission':
        return [`The agent asks whether it may use ${plain(entry.tool)}.`];
      case 'stopping':
        return entry.step === 'kill'
          ? []
          : [`The run is being ended (${entry.reason.replaceAll('_', ' ')}).`];
      case 'paused':
        return ['The disk is full; the run is paused until there is room.'];
      default:
        return [];
    }
  };
}

/** `Bash npm test`, on one line. */
export function toolText(name: string, summary: string): string {
  return oneLine(`${name} ${summary}`);
}
