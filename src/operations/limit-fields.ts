// What a job may be told to use at most, as it is asked for and shown.

import { z } from 'zod';
import { onInterruptChoices, priorityRange, type OnInterrupt } from '../core/job.ts';

const dayMs = 86_400_000;

/** How a job is tried, as it is asked for. */
export const trialFields = {
  priority: z.int().min(priorityRange.min).max(priorityRange.max).optional(),
  maxAttempts: z.int().min(1).max(100).optional(),
  maxCrashes: z.int().min(1).max(100).optional(),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(30 * dayMs)
    .optional(),
  onInterrupt: z.enum(onInterruptChoices as readonly [OnInterrupt, ...OnInterrupt[]]).optional(),
};

const executorName = z.string().min(1).max(64);

export const limitFields = {
  /** Calls of the model, of all runs together. */
  maxTurns: z.int().min(1).max(1_000_000).optional(),
  /** Input and output together. */
  maxTokens: z.int().min(1).max(1_000_000_000_000).optional(),
  maxCostUsd: z.number().positive().max(1_000_000).optional(),
  /** Executors to go on with, in order, when one has reached a usage limit; left out: as its executor is configured. */
  fallback: z
    .array(executorName)
    .max(8)
    .optional()
    .meta({ examples: [['codex']] }),
};

export const limitsView = {
  maxTurns: z.int().nullable(),
  maxTokens: z.int().nullable(),
  maxCostUsd: z.number().nullable(),
  /** What is left of them: those it went on with are gone. */
  fallback: z.array(z.string()),
};
