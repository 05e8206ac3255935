// What a budget of a day may hold in config.yaml, and what becomes of it.

import { z } from 'zod';
import type { Budget } from '../core/budget.ts';

/** The keys of a budget; at least one of the first three is needed. */
export const budgetShape = {
  turns: z.int().min(1).max(1_000_000_000).meta({ description: 'Calls of the model, a day.' }).optional(),
  tokens: z
    .int()
    .min(1)
    .max(1_000_000_000_000)
    .meta({ description: 'Input and output together, a day.' })
    .optional(),
  costUsd: z.number().positive().max(1_000_000).meta({ description: 'US dollars, a day.' }).optional(),
  unknown: z.enum(['count', 'refuse']).optional(),
};

export type FileBudget = z.output<z.ZodObject<typeof budgetShape>>;

export const budgetNeeds = 'limits nothing; it needs turns, tokens or costUsd';

/** False for a budget without a limit, which is a slip of the pen. */
export function limitsSomething({ turns, tokens, costUsd }: FileBudget): boolean {
  return turns !== undefined || tokens !== undefined || costUsd !== undefined;
}

/** Null: no budget. */
export function buildBudget(file: FileBudget | undefined): Budget | null {
  if (file === undefined) return null;
  const { turns = null, tokens = null, costUsd = null, unknown = 'count' } = file;
  return { turns, tokens, costUsd, unknown };
}
