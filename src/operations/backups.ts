// Operations on backups: make one now, and how old the last one is. Putting one back needs a daemon that does not run.

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { Backups, BackupState } from '../backup/backups.ts';
import { recipientsSchema } from '../config/backup.ts';
import { defineOperation, type Operation } from './operation.ts';

const time = z.iso.datetime().nullable();

const backupState = z.object({
  lastVerifiedAt: time,
  /** Seconds since then; null: there is none. */
  ageSeconds: z.int().nullable(),
  /** Nothing was written to the ledger since. */
  current: z.boolean(),
  /** Null: backups are made on request only. */
  nextAt: time,
});

export type BackupStateView = z.infer<typeof backupState>;

const backupView = z.object({
  path: z.string(),
  madeAt: z.iso.datetime(),
  bytes: z.int(),
  encrypted: z.boolean(),
  jobs: z.int(),
  /** Jobs that had not ended. */
  open: z.int(),
  /** Files of the state directory that are in it, and what was left out, with the reason. */
  files: z.array(z.string()),
  leftOut: z.array(z.string()),
});

export type BackupView = z.infer<typeof backupView>;

export function viewBackups(
  { lastVerifiedAt, isCurrent, nextAt }: BackupState,
  now: number,
): BackupStateView {
  return {
    lastVerifiedAt: lastVerifiedAt === null ? null : new Date(lastVerifiedAt).toISOString(),
    ageSeconds: lastVerifiedAt === null ? null : Math.max(0, Math.round((now - lastVerifiedAt) / 1000)),
    current: isCurrent,
    nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
  };
}

export function backupOperations(backups: Backups): readonly Operation[] {
  return [
    defineOperation({
      name: 'backups.create',
      input: z.strictObject({
        to: z
          .string()
          .max(4096)
          .refine((path) => isAbsolute(path) && !path.includes('\0'), 'is not an absolute path')
          .optional(),
        encrypt: recipientsSchema().optional(),
      }),
      output: backupView,
      async handle({ to = null, encrypt = null }) {
        const { path, madeAt, bytes, jobs, open, files, leftOut, encrypted } = await backups.make({
          to,
          recipients: encrypt,
        });
        return {
          output: {
            path,
            madeAt: new Date(madeAt ?? 0).toISOString(),
            bytes,
            encrypted,
            jobs,
            open,
            files: [...files],
            leftOut: [...leftOut],
          },
        };
      },
    }),
    defineOperation({
      name: 'backups.state',
      input: z.strictObject({}),
      output: backupState,
      async handle() {
        return { output: viewBackups(backups.state(), Date.now()) };
      },
    }),
  ];
}
