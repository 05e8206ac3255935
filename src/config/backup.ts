// `backup` in config.yaml: how often the ledger is copied, where to, for whom, and how many copies are kept.

import { z } from 'zod';
import type { Keep } from '../core/backup.ts';
import { parseSpan } from '../core/span.ts';
import { logsSchema } from './logs.ts';
import { tracingSchema } from './tracing.ts';
import { canarySchema } from './canary.ts';
import { retentionSchema } from './retention.ts';

export interface BackupConfig {
  /** Null: only on request. Milliseconds. */
  readonly everyMs: number | null;
  readonly keep: Keep;
  /** Absolute, `~` expanded; null: `backups/` of the state directory. */
  readonly directory: string | null;
  /** Recipients of age; empty: backups are not encrypted. */
  readonly recipients: readonly string[];
}

interface Pieces<Path extends z.ZodType> {
  readonly mapping: <Shape extends z.ZodRawShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>;
  readonly absolute: Path;
}

export const defaultKeep: Keep = { hourly: 24, daily: 7, weekly: 4 };
const everyMs = 3_600_000;
const most = z.int().min(0).max(10_000);

/** All that is about keeping the ledger, and about seeing that it is kept. */
export function upkeepSchemas<Path extends z.ZodType>(pieces: Pieces<Path>) {
  const { mapping } = pieces;
  return {
    ledger: mapping({ shared: z.boolean().optional() }).optional(),
    backup: backupSchema(pieces).optional(),
    canary: canarySchema(mapping).optional(),
    retention: retentionSchema(mapping).optional(),
    logs: logsSchema(mapping).optional(),
    tracing: tracingSchema(mapping).optional(),
  };
}

function backupSchema<Path extends z.ZodType>({ mapping, absolute }: Pieces<Path>) {
  return mapping({
    every: z
      .string()
      .refine(
        (text) => text === 'off' || (parseSpan(text) ?? 0) >= 60_000,
        'is not "off" or a time of at least a minute, like "30m", "1h" or "1d"',
      )
      .optional(),
    keep: mapping({ hourly: most.optional(), daily: most.optional(), weekly: most.optional() }).optional(),
    to: absolute.optional(),
    encrypt: recipientsSchema().optional(),
  });
}

/** Whom a backup is encrypted for. */
export function recipientsSchema(): z.ZodType<string[]> {
  return z
    .array(
      z
        .string()
        .regex(
          /^age1[0-9a-z]{50,4000}$/,
          'is no recipient of age: "age1" and at least 50 letters and digits, as `age-keygen` prints it',
        ),
    )
    .max(16);
}

interface FileBackup {
  readonly every?: string | undefined;
  readonly keep?: { readonly [Each in keyof Keep]?: number | undefined } | undefined;
  readonly to?: string | undefined;
  readonly encrypt?: readonly string[] | undefined;
}

/** Pure. */
export function buildBackup(file: FileBackup = {}, expand: (path: string) => string): BackupConfig {
  const { hourly, daily, weekly } = file.keep ?? {};
  return {
    everyMs: file.every === undefined ? everyMs : parseSpan(file.every),
    keep: {
      hourly: hourly ?? defaultKeep.hourly,
      daily: daily ?? defaultKeep.daily,
      weekly: weekly ?? defaultKeep.weekly,
    },
    directory: file.to === undefined ? null : expand(file.to),
    recipients: file.encrypt ?? [],
  };
}
