// The files through which a daemon and a runner talk, in `runs/<run>/`. Both sides may be of different versions:
// every file carries `version`, a daemon reads its own version and the one before.

import type { AgentEvent, Usage } from '../core/agent.ts';
import type { Allowance, Measure } from '../core/allowance.ts';
import type { ApprovalScope, SessionGrant } from '../core/approval.ts';
import type { Generation, JobId, RunId } from '../core/ids.ts';
import type { Verdict } from '../core/verdict.ts';
import type { ExecutorSettings, Turn } from '../executors/executor.ts';
import type { Launch } from './launch.ts';

export const filesVersion = 1;

export const fileNames = {
  spec: 'spec.json',
  run: 'run.json',
  session: 'session.json',
  journal: 'journal.jsonl',
  exit: 'exit.json',
  inbox: 'inbox',
  lease: 'lease.json',
  reserve: 'reserve',
  log: 'runner.log',
  /** Of a run on another host: the files it left for a person, one after the other, and which of them stayed there. */
  left: 'left',
  stayed: 'stayed.json',
} as const;

/** How the agent is kept together: its own PID namespace, or a process group plus a sweep for the marker. */
export type Isolation = 'bwrap' | 'unshare' | 'sweep';

/** Milliseconds and bytes; 0 means no limit. */
export interface Limits {
  readonly wallMs: number;
  readonly stallMs: number;
  readonly outputBytes: number;
  /** Of all processes of the run together. */
  readonly memoryBytes: number;
  /** A tool may be at work this long while nothing else is said; 0 or left out: as long as the run. */
  readonly toolMs?: number;
  /** What is left for this run of what its job and its executor allow. */
  readonly allowance?: Allowance & { readonly of?: LimitNames };
  /** What is left of the day's budgets; a run that uses it up goes on when the next day begins. */
  readonly day?: DayAllowance;
}

/** Whose limit each is, for people: "maxTurns of the executor claude". */
export type LimitNames = Readonly<Partial<Record<Measure, string>>>;

export interface DayAllowance extends Allowance {
  /** Whose budget it is, for people: "lane work" or "all lanes". */
  readonly of: string;
  /** When the next day begins, ms since the epoch. */
  readonly until: number;
}

/** What is asked of a person, and for how long. */
export interface ApprovalTerms {
  /** A question that nobody answered is denied after this; 0: never. */
  readonly expiryMs: number;
  /** What a person allowed for the session. */
  readonly granted: readonly SessionGrant[];
}

/** spec.json: written and synced by the daemon before it spawns the runner. Holds no secret. */
export interface Spec {
  readonly version: number;
  readonly generation: Generation;
  readonly runId: RunId;
  readonly jobId: JobId;
  /** The session it is a turn of; null: the job stands alone. */
  readonly sessionId: string | null;
  /** `device:inode` of the state directory, decimal. */
  readonly home: string;
  readonly settings: ExecutorSettings;
  readonly turn: Turn;
  readonly limits: Limits;
  readonly approvals: ApprovalTerms;
  readonly isolation: Isolation;
  /** Missing in what an older daemon wrote. */
  readonly launch?: Launch;
  /** The run is lent to this host: it ends so many ms before the lease in lease.json does. Missing: it is nobody else's. */
  readonly lease?: { readonly marginMs: number };
}

/** The one frame on the runner's standard input: 4 bytes of length (big endian), then this as JSON. */
export interface SecretFrame {
  /** The whole environment of the run. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that must never be written down; the runner puts `[redacted]` in their place. */
  readonly secrets: readonly string[];
}

/** run.json: synced by the runner before the agent is started. */
export interface RunRecord {
  readonly version: number;
  readonly runId: RunId;
  readonly pid: number;
  /** Start time of the runner in clock ticks since boot (field 22 of /proc/PID/stat); null where there is no /proc. */
  readonly startTicks: number | null;
  /** /proc/sys/kernel/random/boot_id; null where there is none. */
  readonly hostBootId: string | null;
  readonly isolation: Isolation;
  /** HOMER_RUN in the environment of everything the run starts. */
  readonly marker: string;
  readonly startedAt: number;
}

/** session.json: replaced whenever the agent names its session. */
export interface SessionRecord {
  readonly version: number;
  readonly agentSessionId: string;
}

/** What the runner itself adds to the journal. */
export type RunnerEvent =
  | {
      readonly type: 'agent_started';
      readonly pid: number;
      readonly pidNamespace: string | null;
      readonly mode: 'new' | 'resume';
    }
  | { readonly type: 'stopping'; readonly reason: StopReason; readonly step: 'cancel' | 'term' | 'kill' }
  | { readonly type: 'paused'; readonly reason: 'disk_full' };

/** A line of journal.jsonl. `n` counts from 1 without a gap; `at` is ms since the epoch. */
export type JournalEntry = { readonly n: number; readonly at: number } & (AgentEvent | RunnerEvent);

export type StopReason =
  | 'cancelled'
  | 'interrupted'
  | 'stalled'
  | 'timed_out'
  | 'output_limit'
  | 'memory_limit'
  | 'budget'
  | 'max_turns'
  | 'session_busy';

/** `budget`: all runs together have used up the day's. `timed_out`: the daemon's own look at the time limit, well beyond it. */
export type OrderedStop = 'cancelled' | 'interrupted' | 'budget' | 'timed_out';

/** A file in inbox/, named `<number>.json`; moved in by rename, so always whole. */
export type Order =
  | {
      readonly version: number;
      readonly type: 'stop';
      readonly reason: OrderedStop;
      /** With `budget`: what a person is told, and when the next day begins, ms since the epoch. */
      readonly message?: string;
      readonly until?: number;
    }
  | {
      readonly version: number;
      readonly type: 'answer';
      readonly requestId: string;
      readonly allow: boolean;
      /** `session`: the same is allowed from now on without a question. */
      readonly scope?: ApprovalScope;
      readonly message?: string;
    };

/** A person's answer to a question of the agent. */
export type AnswerOrder = Extract<Order, { type: 'answer' }>;

/** exit.json: the last thing a runner writes, after the journal is on disk. */
export interface Exit {
  readonly version: number;
  readonly runId: RunId;
  readonly verdict: Verdict;
  /** The answer, at most `resultBytes` of UTF-8; the journal has the whole. */
  readonly text: string | null;
  readonly data: unknown;
  readonly message: string | null;
  readonly until: number | null;
  readonly usage: Usage;
  readonly agentSessionId: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly journal: { readonly bytes: number; readonly entries: number; readonly sha256: string };
  /** Whether every process of the run was seen gone. */
  readonly tree: 'dead' | 'unproven';
  readonly startedAt: number;
  readonly endedAt: number;
}

export const resultBytes = 256 * 1024;

/** Exit codes of the runner process itself. */
export const runnerExit = { ended: 0, failed: 1, lockHeld: 75, frameShort: 65 } as const;
