// A job as the contract shows it: times in ISO 8601 UTC, unknown is null.

import { resolve } from 'node:path';
import { z } from 'zod';
import { jobStates } from '../core/job.ts';
import { verdicts } from '../core/verdict.ts';
import type { Usage } from '../core/agent.ts';
import type { RunRecord } from '../ledger/run-record.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import { limitsView } from './limit-fields.ts';
import { findWorktree } from '../worker/worktree.ts';

const time = z.iso.datetime().nullable();

export const usageView = z.object({
  inputTokens: z.int().nullable(),
  outputTokens: z.int().nullable(),
  costUsd: z.number().nullable(),
  /** Calls of the model. */
  turns: z.int().nullable(),
});

export const runView = z.object({
  id: z.string(),
  state: z.enum(['starting', 'running', 'ended']),
  verdict: z.enum(verdicts as readonly [string, ...string[]]).nullable(),
  startedAt: time,
  endedAt: time,
  agentSessionId: z.string().nullable(),
  workerId: z.string().nullable(),
  /** The worker on whose host it is; null: the daemon's own. */
  host: z.string().nullable(),
  /** Null: not known. */
  executor: z.string().nullable(),
  exitCode: z.int().nullable(),
});

export const jobView = z.object({
  id: z.string(),
  state: z.enum(jobStates as readonly [string, ...string[]]),
  lane: z.string(),
  executor: z.string(),
  sessionId: z.string().nullable(),
  prompt: z.string(),
  cwd: z.string(),
  /** Its own git worktree, as long as it is there; `head` is a branch or a commit. */
  worktree: z.object({ path: z.string(), head: z.string().nullable() }).nullable(),
  key: z.string().nullable(),
  source: z.string(),
  priority: z.int(),
  createdAt: time,
  queuedAt: time,
  startedAt: time,
  endedAt: time,
  /** When a scheduled, parked or backed-off job runs next. */
  dueAt: time,
  cancelRequestedAt: time,
  attempts: z.int(),
  crashes: z.int(),
  maxAttempts: z.int(),
  maxCrashes: z.int(),
  ...limitsView,
  result: z.object({ text: z.string(), data: z.json().optional() }).nullable(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  /** The host that had its conversation and is gone: it goes on elsewhere, with Homer's own record. */
  movedFrom: z.string().nullable(),
  /** The job whose agent asked for this one. */
  parentId: z.string().nullable(),
  children: z.object({ total: z.int(), ended: z.int() }),
  usage: usageView,
  runs: z.array(runView),
});

export type JobView = z.infer<typeof jobView>;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** `home`: absolute path of the state directory. */
export function viewJob(
  job: JobRecord,
  runs: readonly RunRecord[],
  children: JobView['children'],
  home: string,
): JobView {
  return {
    id: job.id,
    state: job.state,
    lane: job.lane,
    executor: job.executor,
    sessionId: job.sessionId,
    prompt: job.prompt,
    cwd: resolve(home, job.cwd),
    worktree: job.worktree ? findWorktree(home, job.id) : null,
    key: job.key,
    source: job.source,
    priority: job.priority,
    createdAt: iso(job.createdAt),
    queuedAt: iso(job.queuedAt),
    startedAt: iso(job.startedAt),
    endedAt: iso(job.endedAt),
    dueAt: iso(job.dueAt),
    cancelRequestedAt: iso(job.cancelRequestedAt),
    attempts: job.attempts,
    crashes: job.crashes,
    maxAttempts: job.maxAttempts,
    maxCrashes: job.maxCrashes,
    maxTurns: job.maxTurns,
    maxTokens: job.maxTokens,
    maxCostUsd: job.maxCostUsd,
    fallback: [...job.fallback],
    result: viewResult(job),
    error: job.error,
    movedFrom: job.movedFrom,
    parentId: job.parentId,
    children,
    usage: sumUsage(runs.map((run) => run.usage)),
    runs: runs.map(viewRun),
  };
}

export function viewRun(run: RunRecord): z.infer<typeof runView> {
  return {
    id: run.id,
    state: run.state,
    verdict: run.verdict,
    startedAt: iso(run.startedAt),
    endedAt: iso(run.endedAt),
    agentSessionId: run.agentSessionId,
    workerId: run.workerId,
    host: run.host,
    executor: run.executor,
    exitCode: run.exitCode,
  };
}

function viewResult(job: JobRecord): JobView['result'] {
  if (job.resultText === null && job.resultData === null) return null;
  const text = job.resultText ?? '';
  return job.resultData === null
    ? { text }
    : { text, data: JSON.parse(job.resultData) as z.core.util.JSONType };
}

/** What is unknown of every run stays unknown; otherwise the known parts are added up. */
function sumUsage(usages: readonly Usage[]): JobView['usage'] {
  const sum = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
  };
  return {
    inputTokens: sum(usages.map((usage) => usage.inputTokens)),
    outputTokens: sum(usages.map((usage) => usage.outputTokens)),
    costUsd: sum(usages.map((usage) => usage.costUsd)),
    turns: sum(usages.map((usage) => usage.turns ?? null)),
  };
}
