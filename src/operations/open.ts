// Opens the registry: every operation there is, with what it works on.

import type { TelegramDoor } from '../channels/door.ts';
import type { JobId } from '../core/ids.ts';
import { createIntake, createPreparation, type IntakeOptions } from '../intake/intake.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Worker } from '../worker/worker.ts';
import type { Backups } from '../backup/backups.ts';
import { approvalOperations } from './approvals.ts';
import { backupOperations } from './backups.ts';
import { cleanupOperations, type CleanupOptions } from './cleanup.ts';
import { daemonOperations, type DaemonOperationsOptions } from './daemon.ts';
import { deliveryOperations } from './deliveries.ts';
import { jobOperations } from './jobs.ts';
import { laneOperations } from './lanes.ts';
import { lookingAgain } from './look-again.ts';
import type { Operation } from './operation.ts';
import { reminderOperations } from './reminders.ts';
import { scheduleOperations } from './schedules.ts';
import { sessionOperations } from './sessions.ts';
import { spendingOperations } from './spending.ts';
import { telegramOperations } from './telegram.ts';
import { traceOperations } from './trace.ts';
import { skillOperations, type SkillOperationsOptions } from './skills.ts';
import { waitOperations } from './waiting.ts';
import { webhookOperations, type Webhooks } from './webhooks.ts';

export type OperationsOptions = IntakeOptions &
  Omit<DaemonOperationsOptions, 'activity'> &
  CleanupOptions &
  SkillOperationsOptions & {
    readonly worker: Worker;
    readonly scheduler: Scheduler;
    readonly telegram: TelegramDoor;
    readonly webhooks: Webhooks;
    readonly backups: Backups;
    /** True when there are other executors than before. */
    readonly lookAgain: () => Promise<boolean>;
  };

export function openOperations(options: OperationsOptions): readonly Operation[] {
  const { worker } = options;
  const endRun = (jobId: JobId): void => worker.cancel(jobId);
  const tellAnswers = (jobId: JobId): void => worker.tellAnswers(jobId);
  const activity = (jobId: string): string | null => worker.activityOf(jobId);
  const scheduling = { ...options, prepare: createPreparation(options) };
  const operations = [
    ...jobOperations({ ...options, accept: createIntake(options), endRun }),
    ...approvalOperations({ ...options, tellAnswers }),
    ...waitOperations(options.ledger),
    ...deliveryOperations(options.ledger),
    ...traceOperations(options.ledger),
    ...telegramOperations(options.ledger, options.telegram),
    ...sessionOperations({ ...options, endRun }),
    ...skillOperations(options),
    ...scheduleOperations(scheduling),
    ...reminderOperations(scheduling),
    ...webhookOperations(options),
    ...backupOperations(options.backups),
    ...cleanupOperations(options),
    ...laneOperations(options),
    ...spendingOperations(options.ledger),
    ...daemonOperations({ ...options, activity }),
  ];
  return operations.map((operation) => lookingAgain(operation, options.lookAgain));
}
