// `homer job ID`: one job on one screen.

import { isHomerError } from '../../core/errors.ts';
import type { Approval, ApprovalsAnswer, JobAnswer } from '../answers.ts';
import type { Client } from '../client.ts';
import { report, type Context } from '../context.ts';
import { resolveJobId } from '../job-id.ts';
import { drawJob } from '../job-screen.ts';
import { drawQuestions } from '../question-screen.ts';
import { connectFrom } from '../run-access.ts';
import { sessionName } from '../session-name.ts';

export async function job(context: Context, text: string): Promise<number> {
  const client = await connectFrom(context);
  const id = await resolveJobId(client, text);
  const answer = await client.call<JobAnswer>('jobs.get', { params: { id } });
  const { palette, columns } = context.terminal;
  const { sessionId } = answer.job;
  const asked = await questionsOf(client, id);
  const session = sessionId === null || context.json ? null : await sessionName(client, sessionId);
  const paper = { palette, columns, now: Date.now() };
  report(context, { ...answer, approvals: asked }, [
    ...drawJob(answer.job, paper, session),
    ...drawQuestions(asked, paper),
  ]);
  return 0;
}

const mostQuestions = 50;

/** Oldest first. */
async function questionsOf(client: Client, job: string): Promise<readonly Approval[]> {
  try {
    const query = { job, limit: mostQuestions };
    return (await client.call<ApprovalsAnswer>('approvals.list', { query })).approvals.toReversed();
  } catch (error) {
    // A run may look at its job, but not at what persons are asked.
    if (isHomerError(error, 'HOMER_SCOPE_MISSING')) return [];
    throw error;
  }
}
