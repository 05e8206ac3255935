// `canary` in config.yaml: how often a tiny job goes the whole way of a task.

import { z } from 'zod';
import { parseSpan } from '../core/span.ts';

export interface CanaryConfig {
  /** Null: none is sent. Milliseconds. */
  readonly everyMs: number | null;
}

const everyMs = 10 * 60_000;
const leastMs = 10_000;

type Mapping = <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;

export function canarySchema(mapping: Mapping) {
  return mapping({
    every: z
      .string()
      .refine(
        (text) => text === 'off' || (parseSpan(text) ?? 0) >= leastMs,
        'is not "off" or a time of at least ten seconds, like "1m", "10m" or "1h"',
      )
      .optional(),
  });
}

/** Pure. */
export function buildCanary(file: { readonly every?: string | undefined } = {}): CanaryConfig {
  return { everyMs: file.every === undefined ? everyMs : parseSpan(file.every) };
}
