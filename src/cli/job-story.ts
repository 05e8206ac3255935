// What happens to a job, in sentences for whoever waits for it.

import { isEnded } from '../core/job.ts';
import type { Job, StatusAnswer } from './answers.ts';
import { clock, count, oneLine, plain, sentence, span } from './format.ts';
import { shortId } from './job-id.ts';

/** What to say when `job` was seen after `before` (null: for the first time). Ends are told by `tellEnd`. */
export function tellChange(before: Job | null, job: Job, now: number): string[] {
  const lines: string[] = [];
  const isNewRun = (before?.runs.length ?? 0) < job.runs.length;
  const isChanged = before === null || before.state !== job.state || before.error?.code !== job.error?.code;
  const why = job.error === null ? null : sentence(oneLine(job.error.message));
  if (isNewRun && job.runs.length > 1) {
    // A lost run is tried again at once: the moment between the two, which tells why, is often missed.
    const last = before?.state === 'running' ? job.runs.at(-2)?.verdict : undefined;
    if (typeof last === 'string')
      lines.push(`Run ${job.runs.length - 1} has ended: ${last.replaceAll('_', ' ')}.`);
    lines.push(`Run ${job.runs.length} has started.`);
  }
  if (job.movedFrom !== null && job.movedFrom !== (before?.movedFrom ?? null))
    lines.push(
      `Its conversation was moved from the host ${plain(job.movedFrom)}, which is gone: it goes on elsewhere, with Homer's record of it.`,
    );
  if (!isChanged || isEnded(job.state)) return lines;
  // What is asked is told in full by whoever follows the job.
  if (job.state === 'waiting' && job.error?.code !== 'HOMER_APPROVAL_PENDING')
    lines.push(
      why === null ? waitsWithoutError(job) : `It waits for you: ${why}`,
      ...(job.error === null ? [] : [`  ${plain(job.error.hint)}`]),
    );
  if (job.state === 'parked')
    lines.push(
      `${why ?? ''} It is parked until ${clock(job.dueAt, now)} and goes on by itself then.`.trimStart(),
    );
  if (job.state === 'scheduled') lines.push(`It is scheduled for ${clock(job.dueAt, now)}.`);
  if (job.state === 'queued' && job.runs.length > 0) {
    const wait = job.dueAt === null ? 0 : Date.parse(job.dueAt) - now;
    const next = wait > 0 ? `The next try is in ${span(wait)}` : 'It is tried again';
    const used = job.attempts > 0 ? ` (${job.attempts} of ${count(job.maxAttempts, 'attempt')} used)` : '';
    lines.push(`${why === null ? '' : `${why} `}${next}${used}.`);
  }
  return lines;
}

/** Why a job waits that needs nobody. */
function waitsWithoutError({ children: { total, ended } }: Job): string {
  return ended < total
    ? 'It waits for other jobs.'
    : 'It has what it waited for, and goes on when its lane has room.';
}

/** How it ended, in one line; the hint to a failure is in `job.error`. */
export function tellEnd(job: Job): string {
  const from = job.startedAt ?? job.createdAt;
  const took =
    from === null || job.endedAt === null ? '' : ` after ${span(Date.parse(job.endedAt) - Date.parse(from))}`;
  const name = `Job ${shortId(job.id)}`;
  if (job.state === 'cancelled') return `${name} was cancelled${took}.`;
  if (job.state !== 'failed') return `${name} ${job.state}${took}.`;
  if (job.error === null) return `${name} failed${took}.`;
  const [first = ''] = job.error.message.split('\n', 1);
  return `${name} failed${took}: ${sentence(oneLine(tellRest(job).length > 0 ? first : job.error.message))}`;
}

/** The lines of an error after its first, such as what a command wrote last; none where all of it fits into a sentence. */
export function tellRest(job: Job): string[] {
  const [, ...rest] = plain(job.error?.message ?? '')
    .trimEnd()
    .split('\n');
  return rest.length > 1 ? rest.map((line) => `  ${line}`) : [];
}

/** Why a queued job does not start; null when nothing can be said. */
export function explainQueue(job: Job, status: StatusAnswer, now: number): string | null {
  if (status.held)
    return 'Homer is held and runs nothing: `homer resume` releases it, once no other copy of it runs.';
  const lane = status.lanes.find((each) => each.lane === job.lane);
  if (lane === undefined) return null;
  if (lane.paused) return `Lane ${lane.lane} is paused; \`homer lanes resume ${lane.lane}\` lets it go on.`;
  if (lane.closed !== null)
    return `Lane ${lane.lane} starts nothing more until ${clock(lane.closed.until, now)}: ${plain(lane.closed.why)}. ${lane.closed.byUnknown ? '`unknown: count` for its `budget` in config.yaml' : 'A higher `budget` in config.yaml'} lets it go on at once.`;
  const limit = status.limits.find((each) => each.executor === job.executor);
  if (limit !== undefined)
    return `${job.executor} is at its usage limit until ${clock(limit.until, now)}, and the job goes on by itself then.`;
  if (lane.running >= lane.concurrency)
    return `It waits in lane ${lane.lane}: ${lane.running} of ${lane.concurrency} running, ${lane.queued} queued.`;
  if (lane.rate !== null)
    return `It waits in lane ${lane.lane}, which starts ${count(lane.rate.count, 'job')} in ${span(lane.rate.perMs)}.`;
  return null;
}
