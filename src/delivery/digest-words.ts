// "While you were away", in words: one message, as short as what happened allows. Markdown.

import { causeWords, type Restart } from '../core/digest.ts';
import { span } from '../core/span.ts';
import { localTimeZone, wallAt } from '../core/wall-clock.ts';
import type { Away, EndedJob } from '../ledger/digests.ts';
import { brief, shortId } from './render.ts';

/** So many of each sort are named; the others are counted. */
export const mostNamed = 5;

/** Whether there is anything to say of a time at all. */
export function isEmpty(away: Away): boolean {
  const { restarts, succeeded, failed, cancelled, cutOff, missed, paused, waiting, undelivered } = away;
  const counts = [succeeded.total, failed.total, cancelled.total, waiting, undelivered];
  return [...counts, restarts.length, cutOff.length, missed.length, paused.length].every((n) => n === 0);
}

export function wordDigest(away: Away): string {
  const { since, until, succeeded, failed, cancelled, cutOff, missed, paused, waiting, undelivered } = away;
  const ran = [
    ...(succeeded.total > 0 ? [`✅ ${succeeded.total} done`] : []),
    ...(failed.total > 0 ? [`❌ ${failed.total} failed`] : []),
    ...(cancelled.total > 0 ? [`⏹ ${cancelled.total} cancelled`] : []),
  ];
  const missedAll = missed.reduce((sum, { count }) => sum + count, 0);
  const lines = [
    `📋 **While you were away** (${span(until - since)})`,
    ...wordRestarts(away.restarts),
    ran.length === 0 ? 'No job ended.' : ran.join(' · '),
    ...failed.newest.map((job) => `❌ ${wordJob(job)}: ${plain(brief(job.message ?? 'it failed', 160))}`),
    ...more(failed.total, failed.newest.length),
    ...succeeded.newest.map((job) => `✅ ${wordJob(job)}`),
    ...more(succeeded.total, succeeded.newest.length),
    ...(cutOff.length === 0 ? [] : [`✂️ ${cutOff.length} cut off: ${named(cutOff, wordCutOff)}`]),
    ...(missed.length === 0
      ? []
      : [`⏰ ${missedAll} due ${plural(missedAll, 'time', 'times')} missed: ${named(missed, wordMissed)}`]),
    ...(paused.length === 0 ? [] : [`⏸ Paused after failures: ${named(paused, plain)}`]),
    ...(waiting === 0
      ? []
      : [`✋ ${waiting} ${plural(waiting, 'waits', 'wait')} for you: /status, /approve`]),
    ...(undelivered === 0 ? [] : [`📭 ${undelivered} could not be delivered: \`homer deliveries\``]),
  ];
  return lines.join('\n');
}

function wordRestarts(restarts: readonly Restart[]): string[] {
  const lines = restarts.slice(0, mostNamed).map(({ at, downSince, cause, detail }) => {
    const down = downSince === null ? '' : `, after ${span(at - downSince)}`;
    return `🔄 Homer restarted at ${clockOf(at)}${down}: ${causeWords[cause]}${detail === null ? '' : ` (${plain(detail)})`}`;
  });
  return [...lines, ...more(restarts.length, lines.length)];
}

const wordJob = ({ id, executor, prompt }: EndedJob): string =>
  `\`${shortId(id)}\` ${plain(executor)}: ${plain(brief(prompt))}`;

const wordCutOff = ({ jobId, state }: Away['cutOff'][number]): string =>
  `\`${shortId(jobId)}\` (${state} now)`;

const wordMissed = ({ name, count, reason }: Away['missed'][number]): string =>
  `${plain(name)}${count === 1 ? '' : ` ×${count}`}${reason === null ? '' : ` (${plain(reason)})`}`;

function named<Entry>(entries: readonly Entry[], word: (entry: Entry) => string): string {
  const rest = entries.length - mostNamed;
  return `${entries.slice(0, mostNamed).map(word).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
}

const more = (total: number, shown: number): string[] =>
  total > shown ? [`… and ${total - shown} more`] : [];

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** What others wrote is no markup. */
const plain = (text: string): string => text.replace(/[\\*_`~[\]]/g, '\\$&');

/** On the clock of this machine. */
function clockOf(at: number): string {
  const { hour, minute } = wallAt(at, localTimeZone());
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}
