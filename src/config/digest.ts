// The `digest` of config.yaml: who is told what came while they, or Homer, were away.

import { z } from 'zod';
import { parseTarget, targetRule } from '../core/delivery.ts';
import { parseSpan } from '../core/span.ts';

export interface DigestConfig {
  /** `web`, or `telegram:CHAT[:TOPIC]`. */
  readonly to: string;
  /** A person who said nothing for so long is told when they are back, ms. */
  readonly afterMs: number;
  /** A time without Homer that is this long is told at the start, ms. */
  readonly downtimeMs: number;
}

export const digestDefaults = { afterMs: 8 * 3_600_000, downtimeMs: 5 * 60_000 } as const;

const span = z
  .string()
  .refine((text) => parseSpan(text) !== null, 'is not a time like "90s", "30m", "8h" or "1d"');

export const digestShape = {
  to: z.string().refine((text) => parseTarget(text) !== null, targetRule),
  after: span.optional(),
  downtime: span.optional(),
};

/** Null where it is not configured. */
export function buildDigest(
  file:
    | { readonly to: string; readonly after?: string | undefined; readonly downtime?: string | undefined }
    | undefined,
): DigestConfig | null {
  if (file === undefined) return null;
  return {
    to: file.to,
    afterMs: parseSpan(file.after ?? '') ?? digestDefaults.afterMs,
    downtimeMs: parseSpan(file.downtime ?? '') ?? digestDefaults.downtimeMs,
  };
}
