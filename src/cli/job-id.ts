// Ids as people type them: whole, the beginning or the end of one, or `last`.

import { HomerError } from '../core/errors.ts';
import { isJobId } from '../core/ids.ts';
import type { Job, JobsAnswer } from './answers.ts';
import type { Client } from './client.ts';

/** How many of the newest jobs are looked through for a part of an id. */
const lookedAt = 2_000;
const pageSize = 500;
const fewestCharacters = 4;

/** The end of an id, enough to tell jobs apart by eye; `resolveJobId` takes it back. */
export function shortId(id: string): string {
  return id.slice(-6);
}

/** The whole id. Throws HOMER_JOB_UNKNOWN when no or more than one of the newest jobs fits, HOMER_USAGE for too few characters. */
export async function resolveJobId(client: Client, text: string): Promise<string> {
  const wanted = text.trim().toLowerCase();
  if (isJobId(wanted)) return wanted;
  if (wanted === 'last') {
    const newest = await newestJob(client);
    if (newest !== null) return newest.id;
    throw new HomerError('HOMER_JOB_UNKNOWN', 'There is no job yet.', { hint: '`homer run` makes one.' });
  }
  if (wanted.length < fewestCharacters)
    throw new HomerError('HOMER_USAGE', `"${text}" is too short for an id.`, {
      hint: `Give at least ${fewestCharacters} characters of its beginning or end, or \`last\` for the newest job.`,
    });
  const matches = await findJobs(client, wanted);
  const [first] = matches;
  if (first !== undefined && matches.length === 1) return first.id;
  if (first === undefined)
    throw new HomerError('HOMER_JOB_UNKNOWN', `No job has an id that begins or ends with "${text}".`);
  const ids = matches.slice(0, 5).map((job) => job.id);
  throw new HomerError('HOMER_JOB_UNKNOWN', `"${text}" fits ${matches.length} jobs: ${ids.join(', ')}.`, {
    hint: 'Give more characters.',
  });
}

/** What its owner gave last: not a job that another job asked for, unless there are only such, as inside a run. */
async function newestJob(client: Client): Promise<Job | null> {
  let newest: Job | null = null;
  let cursor: string | undefined;
  for (let seen = 0; seen < lookedAt;) {
    // Most often the very first is it.
    const query = { limit: seen === 0 ? 10 : pageSize, cursor };
    const { jobs, nextCursor } = await client.call<JobsAnswer>('jobs.list', { query });
    newest ??= jobs[0] ?? null;
    const own = jobs.find(({ parentId }) => parentId === null);
    if (own !== undefined) return own;
    if (nextCursor === null) break;
    seen += jobs.length;
    cursor = nextCursor;
  }
  return newest;
}

async function findJobs(client: Client, part: string): Promise<Job[]> {
  const matches: Job[] = [];
  let cursor: string | undefined;
  for (let seen = 0; seen < lookedAt;) {
    const page = await client.call<JobsAnswer>('jobs.list', { query: { limit: pageSize, cursor } });
    matches.push(...page.jobs.filter((job) => job.id.startsWith(part) || job.id.endsWith(part)));
    if (page.nextCursor === null) break;
    // A page is shorter when its jobs are large.
    seen += page.jobs.length;
    cursor = page.nextCursor;
  }
  return matches;
}
