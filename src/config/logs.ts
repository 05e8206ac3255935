// `logs` in config.yaml: how much of the daemon's log is kept.

import { z } from 'zod';
import { defaultLogLimits, type LogLimits } from '../core/log-limits.ts';
import { parseSpan } from '../core/span.ts';

type Mapping = <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;

const units: Readonly<Record<string, number>> = { KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };
const smallest = 100_000;

/** Reads "500KB", "8MB" or "1GB" as bytes; null when the text is none of these. Pure. */
export function parseSize(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,6})(KB|MB|GB)$/.exec(text) ?? [];
  const bytes = Number(digits) * (units[unit] ?? 0);
  return bytes > 0 ? bytes : null;
}

export function logsSchema(mapping: Mapping) {
  return mapping({
    maxSize: z
      .string()
      .refine(
        (text) => (parseSize(text) ?? 0) >= smallest,
        'is not a size of at least 100KB, like "500KB", "8MB" or "1GB"',
      )
      .optional(),
    maxAge: z
      .string()
      .refine(
        (text) => (parseSpan(text) ?? 0) >= 3_600_000,
        'is not a time of at least an hour, like "12h" or "30d"',
      )
      .optional(),
    keep: z.int().min(1).max(1_000).optional(),
  });
}

/** Pure. */
export function buildLogs(
  file: {
    readonly maxSize?: string | undefined;
    readonly maxAge?: string | undefined;
    readonly keep?: number | undefined;
  } = {},
): LogLimits {
  return {
    maxBytes: parseSize(file.maxSize ?? '') ?? defaultLogLimits.maxBytes,
    maxAgeMs: parseSpan(file.maxAge ?? '') ?? defaultLogLimits.maxAgeMs,
    keep: file.keep ?? defaultLogLimits.keep,
  };
}
