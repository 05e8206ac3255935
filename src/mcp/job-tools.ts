// Tools on jobs: give work, look at it, wait for it, cancel it.

import { z } from 'zod';
import type { Calls } from '../client/calls.ts';
import type { Asked } from './tool.ts';
import { cut, defineTool, type AnyTool } from './tool.ts';

type Job = Calls['jobs.get']['output']['job'];

const longestResult = 60_000;
const longestPrompt = 200;
/** As many waits as a run may have open. */
const mostWaited = 16;

const jobId = z.string().describe('Id of a job, such as j0123456789abcdefghk');
const seconds = z.number().int().min(0).max(3_600).exactOptional();

const task = {
  prompt: z.string().min(1).describe('The task, in full: whoever does it knows nothing of this conversation'),
  executor: z.string().exactOptional().describe('Which agent or command does it; left out: the usual one'),
  cwd: z.string().exactOptional().describe('Absolute path of the directory to work in'),
  key: z.string().exactOptional().describe('The same key gives the same job, however often it is asked for'),
};

export const jobTools: readonly AnyTool[] = [
  defineTool({
    name: 'create_job',
    title: 'Enqueue a task',
    description:
      "Puts a task into Homer's queue, where an agent does it; returns its job at once, which is on disk by then. Asked for by a run of Homer's, the job stands under the run's own.",
    shape: {
      ...task,
      lane: z.string().exactOptional().describe('The queue'),
      session: z.string().exactOptional().describe('Name of a conversation in which it is the next turn'),
      runAfter: z.string().exactOptional().describe('Not before this time, ISO 8601 with its offset'),
    },
    needs: ['jobs.create'],
    act: (input, asked) => create(input, asked),
  }),
  defineTool({
    name: 'spawn_job',
    title: 'Spawn a child job',
    description:
      'Hands a part of your task on: a job under your own (or under `parent`), done by an agent at the same time as you work. Use wait_for_jobs for its result. Cancelling the parent cancels it.',
    shape: {
      ...task,
      parent: jobId
        .exactOptional()
        .describe('The job it stands under; a run leaves this out and means its own'),
    },
    isAtHand: true,
    needs: ['jobs.create'],
    async act(input, asked) {
      const parent = input.parent ?? asked.desk.jobId;
      if (parent === null) throw new Error('Say under which job it is to stand: `parent` is missing.');
      return create({ ...input, parent }, asked);
    },
  }),
  defineTool({
    name: 'list_jobs',
    title: 'List jobs',
    description: 'Jobs, the newest first; a run of Homer’s sees the jobs under its own.',
    shape: {
      state: z
        .enum(['scheduled', 'queued', 'running', 'waiting', 'parked', 'succeeded', 'failed', 'cancelled'])
        .exactOptional(),
      lane: z.string().exactOptional(),
      limit: z.number().int().min(1).max(100).exactOptional(),
    },
    needs: ['jobs.list'],
    reads: true,
    async act(input, { desk, signal }) {
      const { jobs } = await desk.call('jobs.list', { limit: 20, ...input }, signal);
      return { jobs: jobs.map((job) => ({ ...brief(job), prompt: cut(job.prompt, longestPrompt) })) };
    },
  }),
  defineTool({
    name: 'get_job',
    title: 'Look at a job',
    description: 'One job: its state, its result or error, and what it has used.',
    shape: { id: jobId },
    needs: ['jobs.get'],
    reads: true,
    async act({ id }, { desk, signal }) {
      const { job } = await desk.call('jobs.get', { id }, signal);
      return { job: { ...ended(job), prompt: cut(job.prompt, longestResult), usage: job.usage } };
    },
  }),
  defineTool({
    name: 'wait_for_jobs',
    title: 'Wait for jobs',
    description:
      'Waits until the jobs have ended and returns their results. Without `ids` a run waits for all jobs under its own. Waiting costs no slot of the queue. When `ended` is false the time was over first: call it again.',
    shape: {
      ids: z.array(jobId).min(1).max(mostWaited).exactOptional(),
      timeoutSeconds: seconds.describe('How long to wait at most'),
    },
    isAtHand: true,
    needs: ['jobs.wait', 'jobs.get'],
    reads: true,
    async act({ ids, timeoutSeconds }, { desk, signal }) {
      const timeoutMs = timeoutSeconds === undefined ? desk.patienceMs : timeoutSeconds * 1_000;
      if (ids === undefined && desk.jobId === null) throw new Error('Say which jobs: `ids` is missing.');
      const waits =
        ids === undefined
          ? [desk.call('jobs.wait', { id: desk.jobId ?? '', timeoutMs, children: 'true' }, signal)]
          : ids.map((id) => desk.call('jobs.wait', { id, timeoutMs }, signal));
      const answers = await Promise.all(waits);
      const jobs = await Promise.all(
        answers
          .flatMap((answer) => answer.jobs)
          .map(async ({ id }) => ended((await desk.call('jobs.get', { id }, signal)).job)),
      );
      return { ended: answers.every((answer) => answer.ended), jobs };
    },
  }),
  defineTool({
    name: 'cancel_job',
    title: 'Cancel a job',
    description: 'Cancels a job, also a running one, and all jobs under it.',
    shape: { id: jobId },
    needs: ['jobs.cancel'],
    destroys: true,
    async act({ id }, { desk, signal }) {
      const { job } = await desk.call('jobs.cancel', { id }, signal);
      return { job: brief(job) };
    },
  }),
];

async function create(
  { key, ...input }: Calls['jobs.create']['input'],
  { desk, signal, freshKey }: Asked,
): Promise<unknown> {
  const { job, warnings } = await desk.call('jobs.create', { ...input, key: key ?? freshKey }, signal);
  return { job: brief(job), ...(warnings.length === 0 ? {} : { warnings }) };
}

function brief({ id, state, executor, lane, sessionId, parentId, createdAt, endedAt }: Job) {
  return { id, state, executor, lane, sessionId, parentId, createdAt, endedAt };
}

function ended(job: Job) {
  const { result, error } = job;
  return { ...brief(job), result: result === null ? null : cut(result.text, longestResult), error };
}
