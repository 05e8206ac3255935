// How waiting for a job looks on standard error. Never a word of it goes to standard output.

import type { Job, JournalEntry } from './answers.ts';
import { createEntryLines } from './entry-lines.ts';
import { tellChange } from './job-story.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  /** The job as it is now; called after every change. */
  job(job: Job): void;
  entry(entry: JournalEntry): void;
  /** A sentence that stays. */
  readonly note: (line: string) => void;
  /** What keys do just now, in place of what the job does; null: nothing. */
  readonly prompt: (line: string | null) => void;
  /** The connection to the daemon is lost; it is looked for. */
  away(): void;
  back(): void;
  /** Leaves the terminal as it should be. `keepsText`: what the agent said last is not the result, so it stays. */
  close(keepsText: boolean): void;
}

/** Plain lines, for everything that is not a terminal. */
export function createPlainProgress({ say }: Terminal): Progress {
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
      if (!isShownInFull(entry)) for (const line of lines(entry)) say(line);
    },
    note: say,
    prompt: () => undefined,
    away: () => say('The connection to Homer is lost; the job is safe. Waiting for Homer.'),
    back: () => say('Homer is back.'),
    close: () => undefined,
  };
}

/** A question that waits for a person is told with all that it is about (asking.ts). */
export function isShownInFull(entry: JournalEntry): boolean {
  return entry.type === 'permission' && entry.waits === true;
}
