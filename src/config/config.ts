// The configuration as a value: read once, every problem listed at once, frozen, handed down.

import type { ExecutorKind, Permissions } from '../core/agent.ts';
import type { Budget } from '../core/budget.ts';
import type { Rate } from '../core/rate.ts';
import type { LogLimits } from '../core/log-limits.ts';
import type { OnLost } from '../core/session.ts';
import type { Retention } from '../core/retention.ts';
import type { AlertsConfig } from './alerts.ts';
import type { BackupConfig } from './backup.ts';
import type { CanaryConfig } from './canary.ts';
import type { TracingConfig } from './tracing.ts';
import type { EngineConfig } from './engine.ts';
import type { DigestConfig } from './digest.ts';
import type { DeliveriesConfig, TelegramConfig } from './telegram.ts';
import type { ScheduleConfig } from './schedules.ts';
import type { WebhookConfig } from './webhooks.ts';
import type { WorkersConfig } from './workers.ts';

/** Where a secret comes from; plain text is allowed and warned about. */
export type SecretRef =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly exec: readonly string[] }
  | { readonly text: string };

export interface LaneConfig {
  readonly concurrency: number;
  readonly rate: Rate | null;
  /** Of a day; null: none. */
  readonly budget: Budget | null;
  /** Its jobs run only on hosts that have all of these. */
  readonly labels: readonly string[];
}

export interface ExecutorConfig {
  readonly kind: ExecutorKind;
  /** The program; for `command` the first of its `argv`. */
  readonly bin: string;
  /** For `command` the rest of its `argv`; otherwise arguments put before Homer's own. */
  readonly args: readonly string[];
  readonly input: 'argument' | 'stdin';
  /** It gets Homer's record of a session's earlier turns before the prompt, where it has no session of its own to go on in. */
  readonly transcript: boolean;
  readonly permissions: Permissions;
  readonly model: string | null;
  /** Of all runs of one job by this executor together, up to a retry by hand; null: no limit. */
  readonly maxTurns: number | null;
  readonly maxTokens: number | null;
  readonly maxBudgetUsd: number | null;
  /** A tool may be at work this long while nothing is said, ms; 0: as long as the run. */
  readonly toolMs: number;
  /** A job that meets a usage limit waits until it is lifted; false: it fails. */
  readonly parkOnLimit: boolean;
  /** Executors that its jobs go on with, in order, unless they say others. */
  readonly fallback: readonly string[];
  /** Names of variables passed on from the daemon's environment. */
  readonly env: readonly string[];
  readonly setEnv: Readonly<Record<string, SecretRef>>;
  /** Running it twice does no harm: an interrupted or failed run is simply repeated. */
  readonly idempotent: boolean;
  readonly timeoutMs: number;
  readonly stallMs: number;
  readonly outputLimit: number;
  readonly isolation: 'auto' | 'none';
  /** `workspace`: it can write to its working directory, its own places and `writable` only. */
  readonly sandbox: 'none' | 'workspace';
  /** Absolute, `~` expanded. */
  readonly writable: readonly string[];
  /** 0 to 19. */
  readonly nice: number;
  /** For all processes of a run together; 0: no limit. */
  readonly memoryMb: number;
  /** Null: the system's own limit. */
  readonly openFiles: number | null;
  /** The Node an agent is run with; null: it is started as it stands. */
  readonly node: string | null;
  /** The version that is expected; only looked at by `homer doctor`. */
  readonly version: string | null;
  /** Its runs are given what they need to ask Homer for jobs of their own. */
  readonly subagents: boolean;
  /** Its runs are handed Homer's own tools; never for a command. */
  readonly mcp: boolean;
  /** Its runs are handed the skills of their snapshot; never for a command. */
  readonly skills: boolean;
  /** Written in config.yaml; false: found on PATH or built in. */
  readonly configured: boolean;
}

/** What the configuration says of one skill. */
export interface SkillEntryConfig {
  readonly enabled: boolean;
  /** The value of the skill's `primaryEnv`. */
  readonly apiKey: SecretRef | null;
  readonly env: Readonly<Record<string, SecretRef>>;
  /** A skill of a workspace gets `apiKey` and `env` too: whoever wrote what is worked on may have called it like this. */
  readonly workspace: boolean;
  /** For the skill itself; means nothing to Homer. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface SkillsConfig {
  /** Absolute, `~` expanded; the first has the highest precedence. */
  readonly extraDirs: readonly string[];
  /** The only bundled skills that may be used; null: all. */
  readonly allow: readonly string[] | null;
  /** Takes the place of the skills that Homer ships; absolute. */
  readonly bundledDir: string | null;
  /** What `requires.config` of a skill is looked up in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By `skillKey` or name. */
  readonly entries: Readonly<Record<string, SkillEntryConfig>>;
}

export interface SessionsConfig {
  /** A turn that starts after this long without one begins a fresh conversation, ms; null: never. */
  readonly idleResetMs: number | null;
  readonly onLost: OnLost;
}

export interface Config {
  readonly port: number;
  /** Literal IP address; 127.0.0.1 unless other machines shall reach the API. */
  readonly bind: string;
  readonly hosts: readonly string[];
  /** Addresses and networks of proxies, which say for whom they ask. */
  readonly proxies: readonly string[];
  readonly lanes: Readonly<Record<string, LaneConfig>>;
  /** Of all lanes together, a day; null: none. */
  readonly budget: Budget | null;
  /** Those in config.yaml plus `shell`; agent CLIs found on PATH are added by whoever looks for them. */
  readonly executors: Readonly<Record<string, ExecutorConfig>>;
  readonly defaultExecutor: string | null;
  /** Absolute, `~` expanded; empty: anywhere. */
  readonly roots: readonly string[];
  readonly engine: EngineConfig;
  /** Whether the machine is kept from sleeping while runs live. */
  readonly keepAwake: boolean;
  /** How long an answer of a person is waited for. */
  readonly approvals: { readonly expiryMs: number };
  readonly sessions: SessionsConfig;
  readonly drain: { readonly timeoutMs: number };
  /** How many levels of jobs that agents ask for there may be, and how many of them one job may have. */
  readonly subagents: { readonly maxDepth: number; readonly maxChildren: number };
  readonly skills: SkillsConfig;
  /** Whether other programs may read the ledger while Homer runs. */
  readonly ledger: { readonly shared: boolean };
  readonly backup: BackupConfig;
  readonly canary: CanaryConfig;
  readonly tracing: TracingConfig;
  readonly alerts: AlertsConfig;
  readonly retention: Retention;
  readonly logs: LogLimits;
  /** Null: not configured. */
  readonly telegram: TelegramConfig | null;
  readonly deliveries: DeliveriesConfig;
  /** Null: nobody is told what came while they were away. */
  readonly digest: DigestConfig | null;
  readonly schedules: Readonly<Record<string, ScheduleConfig>>;
  readonly webhooks: Readonly<Record<string, WebhookConfig>>;
  readonly workers: WorkersConfig;
}
