// What a delivery says: the words of a result, a question, and a job's status. Markdown, since every channel renders it.

import type { Button } from '../channels/channel.ts';
import type { Problem } from '../core/errors.ts';
import { isEnded } from '../core/job.ts';
import type { ApprovalRecord } from '../ledger/approvals.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { QuestionRecord } from '../ledger/questions.ts';

export interface Wording {
  readonly text: string;
  readonly buttons: readonly (readonly Button[])[];
}

const longestPrompt = 80;
const longestInput = 900;

/** One line about what the job is. */
export function brief(text: string, longest = longestPrompt): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** The last characters of an id are the ones that differ. */
export const shortId = (id: string): string => id.slice(-6);

/** How a job ended, or why it waits for a person. */
export function wordResult(
  text: string,
  { state, error }: { readonly state: string; readonly error: Problem | null },
  jobId: string,
): Wording {
  // The result of no job: it is told as it stands.
  if (state === 'told') return { text, buttons: [] };
  if (state === 'succeeded')
    return { text: text.trim() === '' ? '✅ Done; it said nothing.' : text, buttons: [] };
  const marks: Readonly<Record<string, string>> = { failed: '❌', cancelled: '⏹', waiting: '✋' };
  const said = error === null ? `The job is ${state}.` : error.message;
  const hint = error === null || error.hint === '' ? '' : `\n\n${inChat(error.hint)}`;
  const retry = { label: '🔁 Retry', action: `retry:${jobId}` };
  const drop = { label: '⏹ Cancel', action: `stop:${jobId}` };
  return {
    text: `${marks[state] ?? ''} ${said}${state === 'cancelled' ? '' : hint}`.trim(),
    buttons: [state === 'waiting' ? [retry, drop] : [retry]],
  };
}

/** Hints speak of the command line; in a chat there are commands as well. */
function inChat(hint: string): string {
  return hint.replace(/`homer (retry|cancel) (j[0-9a-z]{19})`/g, '`/$1 $2`');
}

export function wordQuestion(approval: ApprovalRecord): Wording {
  const { id, tool, input } = approval;
  return {
    text: `✋ May it use **${tool.replace(/[*_`[\]]/g, '')}**?\n\n${fence(readableInput(input))}`,
    buttons: [
      [
        { label: '✅ Once', action: `once:${id}` },
        { label: '✅ Session', action: `session:${id}` },
        { label: '🚫 Deny', action: `deny:${id}` },
      ],
    ],
  };
}

/** A question in words: its answers to choose from, and how to give another one. */
export function wordAsked({ id, text, choices }: QuestionRecord): Wording {
  return {
    text: `❓ The agent asks:\n\n${fence(cut(text))}\n\nAnswer with \`/answer ${shortId(id)} …\``,
    // By their number: what a button carries has no room for words.
    buttons: choices.map((choice, index) => [{ label: brief(choice, 40), action: `pick:${id}:${index}` }]),
  };
}

function readableInput(json: string): string {
  const value = JSON.parse(json) as unknown;
  if (typeof value === 'object' && value !== null && 'command' in value && typeof value.command === 'string')
    return cut(value.command);
  return cut(typeof value === 'string' ? value : JSON.stringify(value, null, 1));
}

const cut = (text: string): string => (text.length > longestInput ? `${text.slice(0, longestInput)}…` : text);

/** A code block that nothing in the text can close. */
function fence(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
}

/** The message that follows a job; `lines` are what its run did last. */
export function wordStatus(job: JobRecord, lines: readonly string[]): Wording {
  const where = `${job.executor} · ${job.lane} · ${shortId(job.id)}`;
  const stop = [[{ label: '⏹ Stop', action: `stop:${job.id}` }]];
  const tail = lines.length === 0 ? '' : `\n\n${lines.join('\n')}`;
  if (isEnded(job.state)) return { text: `… ${where}`, buttons: [] };
  const heads: Readonly<Record<string, string>> = {
    scheduled: '🕓 Scheduled',
    queued: job.isBehind ? '⏳ Waits for the turn before it' : '⏳ Queued',
    running: job.cancelRequestedAt === null ? '⚙️ Works' : '⏹ Stops',
    waiting: job.waitingFor === 'children' ? '👥 Waits for the jobs under it' : '✋ Waits for you',
    parked: '💤 Parked',
  };
  const why = job.error === null ? '' : `\n${job.error.message}`;
  const until =
    job.state === 'parked' && job.dueAt !== null ? `\nGoes on at ${new Date(job.dueAt).toISOString()}` : '';
  return { text: `${heads[job.state] ?? job.state} · ${where}${why}${until}${tail}`, buttons: stop };
}

/** The line that makes a sound when the result is there. */
export function wordPing(state: string): string {
  return (
    {
      succeeded: '✅ Done',
      failed: '❌ Failed',
      cancelled: '⏹ Cancelled',
      waiting: '✋ Needs you',
      told: '📋 I am back',
    }[state] ?? state
  );
}
