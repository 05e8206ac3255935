// What the daemon answers, as types only: the schemas themselves are never loaded by the command line.

import type { AgentEvent } from '../core/agent.ts';
import type { JobState } from '../core/job.ts';
import type { JobView } from '../operations/job-view.ts';
import type { SessionState } from '../core/session.ts';
import type { ApprovalView } from '../operations/approvals.ts';
import type { AlertsView, SilenceView } from '../operations/alerts.ts';
import type { CanvasView } from '../operations/canvas.ts';
import type { DeliveryView } from '../operations/deliveries.ts';
import type { DigestView } from '../operations/digest.ts';
import type { LaneView } from '../operations/lanes.ts';
import type { WorkerView } from '../operations/workers.ts';
import type { Need as NeedView } from '../operations/needs.ts';
import type { Notice } from '../operations/notices.ts';
import type { ReminderView } from '../operations/reminders.ts';
import type { OccurrenceView, ScheduleView } from '../operations/schedule-view.ts';
import type { SessionView } from '../operations/session-view.ts';
import type { SpendingView } from '../operations/spending.ts';
import type { AuditView } from '../operations/audit.ts';
import type { TokenView } from '../operations/tokens.ts';
import type { WebhookTestView, WebhookView } from '../operations/webhooks.ts';
import type { DoctorView } from '../operations/examine.ts';
import type { TelegramView } from '../operations/telegram.ts';
import type { TraceView } from '../operations/trace.ts';
import type { SkillsView } from '../operations/skills.ts';

export type Job = Omit<JobView, 'state'> & { readonly state: JobState };
export type Approval = ApprovalView;
export type Lane = LaneView;
export type Need = NeedView;
export type Session = Omit<SessionView, 'state'> & { readonly state: SessionState };

export type SpendingAnswer = SpendingView;
export type SkillsAnswer = SkillsView;
export type Schedule = ScheduleView;
export type Occurrence = OccurrenceView;
export type Reminder = ReminderView;

export type Canvas = CanvasView;

export type AlertsAnswer = AlertsView;

export interface SilenceAnswer {
  readonly silence: SilenceView;
}

export interface CanvasAnswer {
  readonly canvas: Canvas;
}

export interface CanvasesAnswer {
  readonly canvases: readonly Canvas[];
}

export interface JobAnswer {
  readonly job: Job;
}

/** `warnings`: what cannot be kept of what was asked for. */
export interface AcceptedAnswer extends JobAnswer {
  readonly warnings: readonly string[];
}

export interface JobsAnswer {
  readonly jobs: readonly Job[];
  readonly nextCursor: string | null;
}

export interface SessionAnswer {
  readonly session: Session;
}

export interface SessionsAnswer {
  readonly sessions: readonly Session[];
}

export interface ScheduleAnswer {
  readonly schedule: Schedule;
}

export interface SchedulesAnswer {
  readonly schedules: readonly Schedule[];
}

export interface OccurrencesAnswer {
  readonly occurrences: readonly Occurrence[];
  readonly nextCursor: string | null;
}

export interface ReminderAnswer {
  readonly reminder: Reminder;
}

export interface RemindersAnswer {
  readonly reminders: readonly Reminder[];
}

/** How a person goes on in a session with the agent's own screen. */
export interface TerminalAnswer {
  readonly kind: string;
  readonly agentSessionId: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface ApprovalAnswer {
  readonly approval: Approval;
}

export interface ApprovalsAnswer {
  readonly approvals: readonly Approval[];
  readonly nextCursor: string | null;
}

export type Delivery = DeliveryView;

export interface DeliveriesAnswer {
  readonly deliveries: readonly Delivery[];
  readonly nextCursor: string | null;
}

export type DigestAnswer = DigestView;

/** `daemon.examine` */
export type DoctorAnswer = DoctorView;
export type TraceAnswer = TraceView;
export type TelegramAnswer = TelegramView;

export interface PairAnswer {
  readonly code: string;
  readonly expiresAt: string;
  readonly bot: string | null;
  readonly problem: TelegramView['problem'];
}

export interface LanesAnswer {
  readonly lanes: readonly Lane[];
}

export type WebhookAnswer = WebhookView;
export type WebhookTestAnswer = WebhookTestView;

export interface WebhooksAnswer {
  readonly webhooks: readonly WebhookView[];
}

export interface WebhookSecretAnswer {
  readonly name: string;
  readonly secret: string;
  readonly path: string;
}

export type TokenAnswer = TokenView;
export type AuditEntryAnswer = AuditView;

export interface TokensAnswer {
  readonly tokens: readonly TokenView[];
}

export interface TokenTextAnswer {
  readonly token: TokenView;
  readonly text: string;
}

export interface LoginAnswer {
  readonly code: string;
  readonly url: string;
  readonly expiresAt: string;
}

export interface AuditAnswer {
  readonly entries: readonly AuditView[];
  readonly nextCursor: string | null;
}

/** In the words of /health. */
export interface HealthAnswer {
  readonly state: 'healthy' | 'degraded' | 'down';
  readonly components: readonly {
    readonly name: string;
    readonly status: 'pass' | 'warn' | 'fail';
    readonly detail: string | null;
  }[];
  readonly metrics: {
    /** Seconds. */
    readonly uptime: number;
    readonly jobsProcessed: number;
    readonly jobsQueued: number;
    readonly lastHeartbeat: string;
  };
}

export interface StatusAnswer {
  readonly daemon: 'healthy' | 'degraded' | 'down' | 'held' | 'draining';
  /** Left out by a daemon that is older than this command. */
  readonly health?: HealthAnswer;
  readonly version: string;
  readonly pid: number;
  readonly port: number;
  readonly home: string;
  readonly startedAt: string;
  readonly held: boolean;
  readonly problems: readonly { readonly code: string; readonly message: string; readonly hint: string }[];
  /** Keys of config.yaml that are in force from the next start only; left out by an older daemon. */
  readonly restart?: readonly string[];
  readonly needsYou: readonly Need[];
  /** How many there are; the list holds the first of each sort. */
  readonly needs: { readonly total: number; readonly failed: number };
  readonly notices: readonly Notice[];
  readonly running: readonly {
    readonly jobId: string;
    readonly lane: string;
    readonly executor: string;
    readonly prompt: string;
    readonly startedAt: string | null;
    readonly lastActivity: string | null;
  }[];
  readonly queued: number;
  readonly next: readonly {
    readonly jobId: string;
    readonly lane: string;
    readonly prompt: string;
    readonly dueAt: string | null;
  }[];
  readonly lanes: readonly Lane[];
  /** Executors at a usage limit. */
  readonly limits: readonly {
    readonly executor: string;
    readonly until: string;
    readonly reason: string;
  }[];
}

/** A line of a run's journal; `n` counts from 1 without a gap, `at` is ms since the epoch. */
export type JournalEntry = { readonly n: number; readonly at: number } & (
  | AgentEvent
  | { readonly type: 'agent_started'; readonly mode: 'new' | 'resume' }
  | { readonly type: 'stopping'; readonly reason: string; readonly step: 'cancel' | 'term' | 'kill' }
  | { readonly type: 'paused'; readonly reason: 'disk_full' }
);

export type HostWorker = WorkerView;

/** `workers.list`, `workers.remove` */
export interface WorkersAnswer {
  readonly workers: readonly HostWorker[];
}

/** `workers.add` */
export interface WorkerAddedAnswer {
  readonly name: string;
  readonly token: string;
}
