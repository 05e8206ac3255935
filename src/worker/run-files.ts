// Makes a run's directory ready for its runner: what to do, in which agent session, within which limits.

import { mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ExecutorConfig } from '../config/config.ts';
import { narrower } from '../core/allowance.ts';
import type { RunId } from '../core/ids.ts';
import type { ExecutorSettings, Turn } from '../executors/executor.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Brief } from './brief.ts';
import type { RunAllowance } from './run-allowance.ts';
import { fileNames, filesVersion, type Isolation, type Spec } from '../runner/files.ts';
import type { Launch } from '../runner/launch.ts';
import { syncDirectory, writeSpec } from '../runner/records.ts';
import type { Worktree } from './worktree.ts';

export interface RunPlan {
  readonly brief: Brief;
  readonly config: ExecutorConfig;
  readonly turn: Turn;
  /** `device:inode` of the state directory. */
  readonly home: string;
  readonly isolation: Isolation;
  readonly allowance: RunAllowance;
  /** The run is only lent to this host; left out: it is nobody else's. */
  readonly lease?: { readonly marginMs: number };
  /** Homer's own tools; left out: it is not handed them. */
  readonly mcp?: ExecutorSettings['mcp'];
  /** Null: it works in the job's directory itself. */
  readonly worktree: Worktree | null;
}

export function runDirectory(home: string, runId: RunId): string {
  return join(home, 'runs', runId);
}

/** Writes the directory and spec.json, synced. Throws as the file system does. */
export function prepareRunFiles(home: string, plan: RunPlan): string {
  const directory = runDirectory(home, plan.brief.runId);
  mkdirSync(join(directory, fileNames.inbox), { recursive: true, mode: 0o700 });
  writeSpec(directory, specOf(home, plan));
  syncDirectory(join(home, 'runs'));
  return directory;
}

function specOf(
  stateDirectory: string,
  { brief, config, turn, home, isolation, allowance, worktree, lease, mcp }: RunPlan,
): Spec {
  const { generation, runId, job, expiryMs, granted } = brief;
  return {
    version: filesVersion,
    generation,
    runId,
    jobId: job.id,
    home,
    settings: { ...settingsOf(job.executor, config, allowance), ...(mcp === undefined ? {} : { mcp }) },
    sessionId: job.sessionId,
    turn,
    limits: {
      wallMs: job.timeoutMs,
      stallMs: config.stallMs,
      outputBytes: config.outputLimit,
      memoryBytes: config.memoryMb * 1024 * 1024,
      toolMs: config.toolMs,
      ...allowance,
    },
    approvals: { expiryMs, granted },
    isolation: config.isolation === 'none' ? 'sweep' : isolation,
    launch: launchOf(config, stateDirectory, worktree, turn),
    ...(lease === undefined ? {} : { lease }),
  };
}

/** The real path of the directory a job was accepted for. */
export function workingDirectory(stateDirectory: string, job: Pick<JobRecord, 'cwd'>): string {
  return resolve(realpathSync(stateDirectory), job.cwd);
}

function launchOf(
  config: ExecutorConfig,
  stateDirectory: string,
  worktree: Worktree | null,
  { skills }: Turn,
): Launch {
  const { node, nice, openFiles, sandbox } = config;
  // A commit in a worktree writes to the repository it belongs to.
  const exact = worktree === null ? [] : [worktree.root, worktree.repository];
  const { writable } = config;
  const readable = skills === undefined ? [] : [skills.directory];
  return {
    node,
    nice,
    openFiles,
    sandbox: sandbox === 'none' ? null : { writable, exact, readable, masked: realpathSync(stateDirectory) },
  };
}

/** An agent that keeps limits by itself is told the narrowest, so that it ends in order before it is ended. */
function settingsOf(
  name: string,
  config: ExecutorConfig,
  { allowance, day }: RunAllowance,
): ExecutorSettings {
  const { kind, bin, args, permissions, input, model } = config;
  const { turns: maxTurns, costUsd: maxBudgetUsd } = day === undefined ? allowance : narrower(allowance, day);
  return { kind, name, bin, args, permissions, input, model, maxTurns, maxBudgetUsd };
}
