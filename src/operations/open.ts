// Opens the registry: every operation there is, with what it works on, behind the one way to them.

import type { TelegramDoor } from '../channels/door.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { JobId } from '../core/ids.ts';
import type { CanvasStore } from '../canvas/store.ts';
import { createIntake, createPreparation, type IntakeOptions } from '../intake/intake.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { RemoteRuns } from '../worker/remote/remote-runs.ts';
import type { Worker } from '../worker/worker.ts';
import type { Backups } from '../backup/backups.ts';
import type { AlertService } from '../alerts/alerts.ts';
import { alertOperations } from './alerts.ts';
import { approvalOperations } from './approvals.ts';
import { canvasOperations } from './canvas.ts';
import { backupOperations } from './backups.ts';
import { auditOperations } from './audit.ts';
import { cleanupOperations, type CleanupOptions } from './cleanup.ts';
import { configOperations } from './config.ts';
import { conversationOperations } from './conversation.ts';
import { daemonOperations, type DaemonOperationsOptions } from './daemon.ts';
import { deliveryOperations } from './deliveries.ts';
import { digestOperations } from './digest.ts';
import { examineOperations } from './examine.ts';
import { insightOperations } from './insight.ts';
import { jobOperations } from './jobs.ts';
import { laneOperations } from './lanes.ts';
import { lookingAgain } from './look-again.ts';
import { openLogins, type LoginDesk } from './logins.ts';
import { createPerformer, type Performer } from './perform.ts';
import { messageOperations } from './messages.ts';
import { noticingPersons, type PersonIsHere } from './persons.ts';
import { presenceOperations, type PresenceView } from './presence.ts';
import { questionOperations } from './questions.ts';
import { reminderOperations } from './reminders.ts';
import { scheduleOperations } from './schedules.ts';
import { sessionOperations } from './sessions.ts';
import { spendingOperations } from './spending.ts';
import { telegramOperations } from './telegram.ts';
import { tokenOperations, type OwnerToken } from './tokens.ts';
import { traceOperations } from './trace.ts';
import { skillOperations, type SkillOperationsOptions } from './skills.ts';
import { waitOperations } from './waiting.ts';
import { Waits } from './waits.ts';
import { webhookOperations, type Webhooks } from './webhooks.ts';
import { workerOperations } from './workers.ts';

export type OperationsOptions = IntakeOptions &
  Omit<DaemonOperationsOptions, 'activity'> &
  CleanupOptions &
  SkillOperationsOptions & {
    readonly worker: Worker;
    readonly remote: RemoteRuns;
    readonly scheduler: Scheduler;
    readonly telegram: TelegramDoor;
    readonly webhooks: Webhooks;
    readonly canvases: CanvasStore;
    readonly about: { readonly canvasPort: number };
    /** Who is connected. */
    readonly presence: () => readonly PresenceView[];
    readonly backups: Backups;
    readonly alerts: AlertService;
    readonly owner: OwnerToken;
    /** Throws while no new work is taken. */
    readonly requireIntake: () => void;
    readonly liveConfig: LiveConfig;
    /** Takes out what the daemon knows as one. */
    readonly secrets: { text(text: string): string };
    /** True when there are other executors than before. */
    readonly lookAgain: () => Promise<boolean>;
    readonly personIsHere: PersonIsHere;
  };

export interface Operations {
  readonly performer: Performer;
  readonly logins: LoginDesk;
}

export function openOperations(options: OperationsOptions): Operations {
  const { worker, ledger, requireIntake } = options;
  const logins = openLogins(ledger, options.about.port);
  const endRun = (jobId: JobId): void => worker.cancel(jobId);
  const tellAnswers = (jobId: JobId): void => worker.tellAnswers(jobId);
  const activity = (jobId: string): string | null => worker.activityOf(jobId);
  const scheduling = { ...options, prepare: createPreparation(options) };
  const ofJobs = jobOperations({ ...options, accept: createIntake(options), endRun });
  const waits = new Waits(ledger);
  const create = ofJobs.find(({ name }) => name === 'jobs.create');
  if (create === undefined) throw new Error('jobs cannot be made');
  const operations = [
    ...ofJobs,
    ...conversationOperations(options.ledger, create),
    ...approvalOperations({ ...options, tellAnswers }),
    ...waitOperations(options.ledger, waits),
    ...questionOperations(options, waits),
    ...messageOperations(options),
    ...deliveryOperations(options),
    ...digestOperations(options.ledger),
    ...traceOperations(options.ledger),
    ...telegramOperations(options.ledger, options.telegram),
    ...sessionOperations({ ...options, endRun }),
    ...skillOperations(options),
    ...scheduleOperations(scheduling),
    ...reminderOperations(scheduling),
    ...webhookOperations(options),
    ...canvasOperations(options),
    ...backupOperations(options.backups),
    ...alertOperations(options),
    ...cleanupOperations(options),
    ...laneOperations(options),
    ...tokenOperations(options.ledger, options.owner),
    ...logins.operations,
    ...auditOperations(options.ledger.audit, options.ledger.tokens),
    ...workerOperations(options),
    ...spendingOperations(options.ledger),
    ...presenceOperations(options.presence),
    ...configOperations(options.liveConfig, (text) => options.secrets.text(text)),
    ...insightOperations(options),
    ...examineOperations(options),
    ...daemonOperations({ ...options, activity }),
  ];
  const performer = createPerformer({
    operations: operations.map((operation) =>
      noticingPersons(lookingAgain(operation, options.lookAgain), options.personIsHere),
    ),
    audit: ledger.audit,
    requireIntake,
    now: () => performance.now(),
  });
  return { performer, logins: logins.desk };
}
