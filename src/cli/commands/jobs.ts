// `homer jobs`: a table that fits the terminal; whole ids in a pipe. Whole tasks are in the document (--json).

import { HomerError } from '../../core/errors.ts';
import type { JobState } from '../../core/job.ts';
import type { Job, JobsAnswer, LanesAnswer } from '../answers.ts';
import type { Client } from '../client.ts';
import { report, type Context } from '../context.ts';
import { age, clip, firstLine, table, type Cell } from '../format.ts';
import { shortId } from '../job-id.ts';
import { stateColour } from '../job-screen.ts';
import { connectFrom } from '../run-access.ts';

/** Columns of a task in a pipe. */
const longestTask = 80;

export interface JobsOptions {
  readonly state?: JobState;
  readonly lane?: string;
  readonly all?: true;
  readonly limit: number;
}

export async function jobs(context: Context, { state, lane, limit }: JobsOptions): Promise<number> {
  const client = await connectFrom(context);
  const answer = await readJobs(client, { state, lane, limit });
  if (lane !== undefined && answer.jobs.length === 0 && context.run === null) await requireLane(client, lane);
  const { palette, columns } = context.terminal;
  const now = Date.now();
  const head = ['id', 'state', 'lane', 'executor', 'made', 'task'].map((text): Cell => ({
    text,
    paint: palette.dim,
  }));
  const rows = answer.jobs.map((job): Cell[] => [
    { text: columns === null ? job.id : shortId(job.id) },
    { text: job.state, paint: stateColour(job.state, palette) },
    { text: job.lane },
    { text: job.executor },
    { text: columns === null ? (job.createdAt ?? '?') : age(job.createdAt, now) },
    { text: columns === null ? clip(firstLine(job.prompt), longestTask) : firstLine(job.prompt) },
  ]);
  const which =
    state === undefined && lane === undefined
      ? 'There is no job yet; `homer run` makes one.'
      : 'No job fits.';
  report(context, answer, rows.length === 0 ? [which] : table([head, ...rows], columns));
  if (answer.nextCursor !== null && columns !== null && !context.json)
    context.terminal.say(
      context.terminal.errorPalette.dim(`These are the newest ${rows.length}; --limit shows more.`),
    );
  return 0;
}

/** A lane that was taken out of the configuration may still have jobs; one that has neither is a typo. */
async function requireLane(client: Client, lane: string): Promise<void> {
  const { lanes } = await client.call<LanesAnswer>('lanes.list');
  const names = lanes.map((each) => each.lane);
  if (!names.includes(lane))
    throw new HomerError('HOMER_LANE_UNKNOWN', `There is no lane "${lane}". There are: ${names.join(', ')}.`);
}

/** As many as were asked for: the daemon ends a page sooner when its jobs are large. */
async function readJobs(
  client: Client,
  { state, lane, limit }: { state: JobState | undefined; lane: string | undefined; limit: number },
): Promise<JobsAnswer> {
  const all: Job[] = [];
  let cursor: string | undefined;
  for (;;) {
    const query = { state, lane, limit: limit - all.length, cursor };
    const { jobs, nextCursor } = await client.call<JobsAnswer>('jobs.list', { query });
    all.push(...jobs);
    if (nextCursor === null || all.length >= limit) return { jobs: all, nextCursor };
    cursor = nextCursor;
  }
}
