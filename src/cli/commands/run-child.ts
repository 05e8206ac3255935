// `homer run` inside a run: a job under that run's own, waited for without a slot.

import { randomUUID } from 'node:crypto';
import type { AcceptedAnswer, JobAnswer } from '../answers.ts';
import { awaitJobs, persevere } from '../await-jobs.ts';
import type { Context } from '../context.ts';
import { clientOfRun, type RunAccess } from '../run-access.ts';
import { tellResult } from '../watch.ts';
import { limitsOf } from '../limit-options.ts';
import type { RunOptions } from './run.ts';

/** 0 when the child succeeded (with --detach: when it was accepted), else 1. */
export async function runChild(
  context: Context,
  access: RunAccess,
  prompt: string,
  options: RunOptions & { readonly cwd: string },
): Promise<number> {
  const { terminal, json } = context;
  const client = clientOfRun(access);
  const ask = {
    key: options.key ?? `cli-${randomUUID()}`,
    body: {
      prompt,
      executor: options.executor,
      lane: options.lane,
      cwd: options.cwd,
      notify: options.notify,
      timeoutMs: options.timeout,
      ...limitsOf(options),
    },
  };
  const { job, warnings } = await persevere(() => client.call<AcceptedAnswer>('jobs.create', ask));
  for (const warning of warnings) terminal.say(warning);
  terminal.say(`Job ${job.id}: ${job.executor} in lane ${job.lane}`);
  if (options.detach === true) {
    if (json) terminal.print(JSON.stringify({ job, warnings }, null, 2));
    else terminal.print(job.id);
    return 0;
  }
  await awaitJobs(client, job.id, { children: false, timeoutMs: null, say: terminal.say });
  const ended = await persevere(() => client.call<JobAnswer>('jobs.get', { params: { id: job.id } }));
  return tellResult(context, ended.job);
}
