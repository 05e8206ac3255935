// `workers` in config.yaml: what is lent to workers on other hosts, for how long, and what this host does itself.

import { z } from 'zod';
import { parseSpan } from '../core/span.ts';

export interface WorkersConfig {
  /** How long a run is a worker's without word from it, ms. */
  readonly leaseMs: number;
  /** How long the host of an agent's session may be gone before the session is moved, ms. */
  readonly moveAfterMs: number;
  /** The daemon's own host: runs at a time (0: none; null: as many as the lanes allow), and labels. */
  readonly here: { readonly concurrency: number | null; readonly labels: readonly string[] };
}

const shortestLeaseMs = 45_000;
const longestLeaseMs = 86_400_000;
const leaseMs = 120_000;
const moveAfterMs = 900_000;

const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a label (letters, digits, ".", - and _, at most 64)');

/** Of a lane, or of a host. */
export const labelsSchema = z.array(label).max(32);

interface Pieces {
  readonly mapping: <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;
}

/** The pieces are those that the rest of the file is made of. */
export function workersSchema({ mapping }: Pieces) {
  const isLease = (text: string): boolean => {
    const ms = parseSpan(text);
    return ms !== null && ms >= shortestLeaseMs && ms <= longestLeaseMs;
  };
  return mapping({
    lease: z.string().refine(isLease, 'is not a time from "45s" to "24h"').optional(),
    moveAfter: z
      .string()
      .refine((text) => parseSpan(text) !== null, 'is not a time like "15m", "2h" or "7d"')
      .optional(),
    here: mapping({
      concurrency: z.int().min(0).max(256).optional(),
      labels: labelsSchema.optional(),
    }).optional(),
  });
}

/** Pure. */
export function buildWorkers(file: z.output<ReturnType<typeof workersSchema>> | undefined): WorkersConfig {
  return {
    leaseMs: parseSpan(file?.lease ?? '') ?? leaseMs,
    moveAfterMs: parseSpan(file?.moveAfter ?? '') ?? moveAfterMs,
    here: { concurrency: file?.here?.concurrency ?? null, labels: file?.here?.labels ?? [] },
  };
}
