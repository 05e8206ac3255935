// The operation with which `homer doctor` asks a daemon that runs: only it can look into the ledger it works on.

import { z } from 'zod';
import type { Backups } from '../backup/backups.ts';
import type { TelegramDoor } from '../channels/door.ts';
import type { Condition } from '../health/condition.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface ExamineOperationOptions {
  readonly about: { readonly version: string };
  readonly ledger: Ledger;
  readonly health: () => Condition;
  readonly telegram: TelegramDoor;
  readonly backups: Backups;
  readonly executors: () => Readonly<Record<string, unknown>>;
}

const time = z.number().nullable();

/** Times are ms since the epoch. */
const facts = z.object({
  schema: z.int(),
  journal: z.string(),
  synchronous: z.int(),
  bytes: z.int(),
  isHeld: z.boolean(),
  lastEventAt: time,
  missingIndices: z.array(z.string()),
  boots: z.array(z.object({ startedAt: z.number(), endedAt: time, ending: z.string().nullable() })),
  failedUnseen: z.int(),
  parked: z.array(z.object({ code: z.string().nullable(), jobs: z.int(), until: time })),
  waiting: z.int(),
  waitingSince: time,
  open: z.array(z.object({ lane: z.string(), executor: z.string(), jobs: z.int() })),
  openRuns: z.array(z.object({ id: z.string(), startedAt: time, host: z.string().nullable() })),
  schedules: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      spec: z.string(),
      timeZone: z.string(),
      pausedBy: z.string().nullable(),
      failures: z.int(),
      nextAt: time,
    }),
  ),
  deliveries: z.object({ unknown: z.int(), dead: z.int(), oldestPendingAt: time }),
  tokens: z.array(
    z.object({
      name: z.string(),
      scopes: z.array(z.string()),
      createdAt: z.number(),
      lastUsedAt: time,
      expiresAt: time,
    }),
  ),
  workers: z.array(z.object({ name: z.string(), seenAt: time })),
  pairedChats: z.int(),
  pausedLanes: z.array(z.string()),
  oldestJobAt: time,
  refused: z.int(),
});

const doctorView = z.object({
  version: z.string(),
  problems: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string() })),
  /** Names of those that this daemon has. */
  executors: z.array(z.string()),
  telegram: z.object({ state: z.string(), problem: z.string().nullable() }),
  backup: z.object({ lastVerifiedAt: z.iso.datetime().nullable() }),
  ledger: facts,
});

export type DoctorView = z.infer<typeof doctorView>;

export function examineOperations(options: ExamineOperationOptions): readonly Operation[] {
  const { about, ledger, health, telegram, backups, executors } = options;
  return [
    defineOperation({
      name: 'daemon.examine',
      input: z.strictObject({}),
      output: doctorView,
      async handle() {
        const { state, problem } = telegram.look();
        const { lastVerifiedAt } = backups.state();
        const found: DoctorView = {
          version: about.version,
          problems: health().problems.map((each) => ({ ...each })),
          executors: Object.keys(executors()),
          telegram: { state, problem: problem?.message ?? null },
          backup: { lastVerifiedAt: lastVerifiedAt === null ? null : new Date(lastVerifiedAt).toISOString() },
          // A copy: what a caller is given is its own.
          ledger: structuredClone(ledger.facts()) as DoctorView['ledger'],
        };
        return { output: found };
      },
    }),
  ];
}
