// Questions of agents as people name them: by an id or a part of one, by their job, as the last, or not at all.

import { HomerError, isHomerError } from '../core/errors.ts';
import { isApprovalId, isJobId } from '../core/ids.ts';
import type { Approval, ApprovalAnswer, ApprovalsAnswer } from './answers.ts';
import type { Client } from './client.ts';
import { resolveJobId } from './job-id.ts';

const pageSize = 200;
/** How many of the newest are looked through for a part of an id. */
const lookedAt = 1_000;
const fewestCharacters = 4;

/** More than one: what was said fits all of them, so none is answered. */
export type Found = readonly [Approval, ...Approval[]];

/** The question that is meant. Throws HOMER_APPROVAL_UNKNOWN when nothing fits, HOMER_USAGE for too few characters. */
export async function findQuestions(client: Client, text: string | undefined): Promise<Found> {
  if (text === undefined) return some(await listPending(client), 'Nothing is asked now.');
  const wanted = text.trim().toLowerCase();
  if (isApprovalId(wanted)) {
    const { approval } = await client.call<ApprovalAnswer>('approvals.get', { params: { id: wanted } });
    return [approval];
  }
  if (isJobId(wanted)) return ofJob(client, wanted);
  if (wanted === 'last') {
    const pending = await listPending(client);
    return some(
      (pending.length > 0 ? pending : await list(client, { limit: 1 })).slice(0, 1),
      'Nothing was asked yet.',
    );
  }
  if (wanted.length < fewestCharacters)
    throw new HomerError('HOMER_USAGE', `"${text}" is too short for an id.`, {
      hint: `Give at least ${fewestCharacters} characters of its beginning or end, or \`last\` for what was asked last.`,
    });
  // Also those that were answered: their answer must not go to another question whose id looks alike.
  const fitting = (await listNewest(client)).filter(({ id }) => id.startsWith(wanted) || id.endsWith(wanted));
  const [first, ...more] = fitting;
  if (first !== undefined) return [first, ...more];
  try {
    return await ofJob(client, await resolveJobId(client, wanted));
  } catch (error) {
    if (!isHomerError(error, 'HOMER_JOB_UNKNOWN')) throw error;
    throw new HomerError(
      'HOMER_APPROVAL_UNKNOWN',
      `No question, and no one job, has an id that begins or ends with "${text}".`,
      { cause: error },
    );
  }
}

/** The newest first. */
export async function listPending(
  client: Client,
  job?: string,
  signal?: AbortSignal,
): Promise<readonly Approval[]> {
  return list(client, { state: 'pending', job, limit: pageSize }, signal);
}

/** What the job asks; what it asked last when that is all settled. */
async function ofJob(client: Client, job: string): Promise<Found> {
  const pending = await listPending(client, job);
  const found = pending.length > 0 ? pending : await list(client, { job, limit: 1 });
  return some(found, `Job ${job} asks nothing.`);
}

function some(found: readonly Approval[], orElse: string): Found {
  const [first, ...more] = found;
  if (first === undefined) throw new HomerError('HOMER_APPROVAL_UNKNOWN', orElse);
  return [first, ...more];
}

async function list(
  client: Client,
  query: Readonly<Record<string, string | number | undefined>>,
  signal?: AbortSignal,
): Promise<readonly Approval[]> {
  const ask = { query, ...(signal === undefined ? {} : { signal }) };
  return (await client.call<ApprovalsAnswer>('approvals.list', ask)).approvals;
}

async function listNewest(client: Client): Promise<Approval[]> {
  const found: Approval[] = [];
  let cursor: string | undefined;
  while (found.length < lookedAt) {
    const page = await client.call<ApprovalsAnswer>('approvals.list', { query: { limit: pageSize, cursor } });
    found.push(...page.approvals);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return found;
}
