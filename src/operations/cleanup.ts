// The operation that removes what is over its time and ends what is left of runs that are over.

import { z } from 'zod';
import type { RetentionService } from '../retention/retention.ts';
import type { SkillsOfSessions } from '../skills/session-skills.ts';
import type { Worker } from '../worker/worker.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface CleanupOptions {
  readonly retention: RetentionService;
  readonly worker: Worker;
  readonly skills: SkillsOfSessions;
}

const cleanupView = z.object({
  dryRun: z.boolean(),
  /** Runs that are over, or unknown to the ledger, of which processes were left; `survivors` could not be ended. */
  ended: z.array(
    z.object({
      runId: z.string(),
      runner: z.int().nullable(),
      processes: z.array(z.int()),
      survivors: z.array(z.int()),
    }),
  ),
  /** Rows of the ledger, by what they belonged to. */
  rows: z.record(z.string(), z.int()),
  /** Directories of runs. */
  runs: z.array(z.string()),
  /** Jobs whose worktree is removed; one with work in it that is nowhere else stays. */
  worktrees: z.array(z.string()),
  snapshots: z.array(z.string()),
});

export type CleanupView = z.infer<typeof cleanupView>;

export function cleanupOperations({ retention, worker, skills }: CleanupOptions): readonly Operation[] {
  return [
    defineOperation({
      name: 'daemon.cleanup',
      input: z.strictObject({ dryRun: z.boolean().default(false) }),
      output: cleanupView,
      async handle({ dryRun }) {
        const ended = [];
        for (const stray of await retention.strays()) {
          const survivors = dryRun ? [] : await retention.endStray(stray);
          const { runId, runner, left } = stray;
          ended.push({ runId, runner, processes: [...left], survivors: [...survivors] });
        }
        const worktrees = worker.leftWorktrees();
        if (!dryRun) await worker.tidyWorktrees();
        const still = dryRun ? [] : worker.leftWorktrees();
        const snapshots = dryRun ? [] : await skills.collect();
        const { rows, runs } = await retention.pass(dryRun);
        return {
          output: {
            dryRun,
            ended,
            rows,
            runs: [...runs],
            worktrees: worktrees.filter((jobId) => !still.includes(jobId)),
            snapshots: [...snapshots],
          },
        };
      },
    }),
  ];
}
