// A verdict says how a run ended. One table maps it to what becomes of the job and to what it burns.

import { problem, type ErrorCode, type Problem } from './errors.ts';
import type { JobState, OnInterrupt } from './job.ts';
import { attemptBackoff, nextBackoffMs, offlineBackoff } from './retry.ts';
import type { OnLost } from './session.ts';

export type Verdict =
  | 'done'
  | 'agent_error'
  | 'stalled'
  | 'timed_out'
  | 'output_limit'
  | 'memory_limit'
  | 'spawn_failed'
  | 'interrupted'
  | 'lost'
  | 'rate_limited'
  | 'offline'
  | 'secret_missing'
  | 'auth'
  | 'budget'
  | 'max_turns'
  | 'denied'
  | 'uncontained'
  | 'session_lost'
  | 'session_busy'
  | 'cancelled';

type Becomes = 'succeeded' | 'retried' | 'byOnInterrupt' | 'byOnLost' | 'parked' | 'failed' | 'cancelled';

interface Row {
  readonly becomes: Becomes;
  readonly burns: 'nothing' | 'attempt' | 'crash';
  readonly code: ErrorCode | null;
}

export const verdictTable: Readonly<Record<Verdict, Row>> = {
  done: { becomes: 'succeeded', burns: 'nothing', code: null },
  agent_error: { becomes: 'retried', burns: 'attempt', code: 'HOMER_AGENT_ERROR' },
  stalled: { becomes: 'retried', burns: 'attempt', code: 'HOMER_STALLED' },
  timed_out: { becomes: 'retried', burns: 'attempt', code: 'HOMER_TIMED_OUT' },
  output_limit: { becomes: 'retried', burns: 'attempt', code: 'HOMER_OUTPUT_LIMIT' },
  memory_limit: { becomes: 'retried', burns: 'attempt', code: 'HOMER_MEMORY_LIMIT' },
  spawn_failed: { becomes: 'retried', burns: 'attempt', code: 'HOMER_SPAWN_FAILED' },
  interrupted: { becomes: 'byOnInterrupt', burns: 'nothing', code: 'HOMER_INTERRUPTED' },
  lost: { becomes: 'byOnInterrupt', burns: 'crash', code: 'HOMER_LOST' },
  rate_limited: { becomes: 'parked', burns: 'nothing', code: 'HOMER_USAGE_LIMIT' },
  offline: { becomes: 'parked', burns: 'nothing', code: 'HOMER_OFFLINE' },
  secret_missing: { becomes: 'parked', burns: 'nothing', code: 'HOMER_SECRET_MISSING' },
  auth: { becomes: 'failed', burns: 'nothing', code: 'HOMER_AUTH' },
  budget: { becomes: 'failed', burns: 'nothing', code: 'HOMER_BUDGET' },
  max_turns: { becomes: 'failed', burns: 'nothing', code: 'HOMER_MAX_TURNS' },
  denied: { becomes: 'failed', burns: 'nothing', code: 'HOMER_DENIED' },
  uncontained: { becomes: 'failed', burns: 'nothing', code: 'HOMER_CONTAINMENT_MISSING' },
  session_lost: { becomes: 'byOnLost', burns: 'nothing', code: 'HOMER_SESSION_LOST' },
  session_busy: { becomes: 'parked', burns: 'nothing', code: 'HOMER_SESSION_BUSY' },
  cancelled: { becomes: 'cancelled', burns: 'nothing', code: 'HOMER_CANCELLED' },
};

export const verdicts = Object.keys(verdictTable) as readonly Verdict[];

export function isVerdict(text: unknown): text is Verdict {
  return typeof text === 'string' && Object.hasOwn(verdictTable, text);
}

/** What the decision needs to know of the job, before this run is counted. */
export interface SettledJob {
  readonly id: string;
  readonly attempts: number;
  readonly crashes: number;
  readonly maxAttempts: number;
  readonly maxCrashes: number;
  readonly onInterrupt: OnInterrupt;
  readonly cancelRequested: boolean;
  /** Runs of this job that were parked in a row; spaces out the tries while a service is offline. */
  readonly parks: number;
  /** Executors it may go on with, in order. */
  readonly fallback?: readonly string[];
}

export interface RunEnd {
  readonly verdict: Verdict;
  readonly message?: string | undefined;
  /** Milliseconds since the epoch at which a limit is lifted. */
  readonly until?: number | undefined;
  /** What to do when the agent has lost its session; nothing said: ask. */
  readonly onLost?: OnLost | undefined;
  /** A usage limit fails the job instead of parking it. */
  readonly failsOnLimit?: boolean | undefined;
  /** What to do, in place of the catalogue's hint; " ID" stands for that of the job. */
  readonly hint?: string | undefined;
  /** To try it again would be of no use. */
  readonly isFinal?: boolean | undefined;
}

export interface Settlement {
  readonly state: JobState;
  readonly attempts: number;
  readonly crashes: number;
  /** When a queued or parked job may run again; null: at once. */
  readonly dueAt: number | null;
  readonly problem: Problem | null;
  /** The executor it goes on with; null: its own. */
  readonly fallsBackTo: string | null;
  /** Until when the executor's usage limit holds; null: it told of none. */
  readonly limitedUntil: number | null;
}

/** A limit that is said to hold for longer was misread, or the clock is wrong. */
const longestLimitMs = 32 * 86_400_000;

/** Decides what becomes of a job when one of its runs has ended. `random` is in [0, 1). */
export function decideSettlement(job: SettledJob, end: RunEnd, now: number, random: number): Settlement {
  const row = verdictTable[end.verdict];
  const attempts = job.attempts + (row.burns === 'attempt' ? 1 : 0);
  const crashes = job.crashes + (row.burns === 'crash' ? 1 : 0);
  const why = (code: ErrorCode): Problem => problem(code, job.id, end.message, end.hint);
  const settle = (state: JobState, code: ErrorCode | null, dueAt: number | null = null): Settlement => ({
    state,
    attempts,
    crashes,
    dueAt,
    problem: code === null ? null : why(code),
    fallsBackTo: null,
    limitedUntil: null,
  });

  if (row.becomes === 'succeeded') return settle('succeeded', null);
  if (row.becomes === 'cancelled' || job.cancelRequested) return settle('cancelled', 'HOMER_CANCELLED');
  // The day's budget is not the job's own.
  if (end.verdict === 'budget' && end.until !== undefined)
    return settle('parked', 'HOMER_DAY_BUDGET', Math.max(end.until, now));
  if (row.becomes === 'failed') return settle('failed', row.code);
  if (row.becomes === 'parked') {
    const isLimit = end.verdict === 'rate_limited';
    // A time that is past says nothing: to try at once, again and again, would be of no use.
    const isTold = end.until !== undefined && end.until > now;
    const wait = isTold ? end.until - now : nextBackoffMs(job.parks + 1, random, offlineBackoff);
    const dueAt = now + Math.min(wait, longestLimitMs);
    const limitedUntil = isLimit ? dueAt : null;
    const next = fallbackOf(job, end.verdict);
    if (next !== null) {
      const { message, ...rest } = why(row.code ?? 'HOMER_USAGE_LIMIT');
      const told = { ...rest, message: `${message} It goes on with ${next}.` };
      return { ...settle('queued', row.code), problem: told, fallsBackTo: next, limitedUntil };
    }
    if (isLimit && end.failsOnLimit === true) {
      const failed = settle('failed', row.code);
      return { ...failed, problem: failed.problem && { ...failed.problem, hint: hintToLimited(job.id) } };
    }
    return { ...settle('parked', row.code, dueAt), limitedUntil };
  }
  // A fresh session cannot be lost again, so this is no loop.
  if (row.becomes === 'byOnLost') return settle(end.onLost === 'restart' ? 'queued' : 'waiting', row.code);
  if (row.becomes === 'retried') {
    if (attempts >= job.maxAttempts || end.isFinal === true) return settle('failed', row.code);
    return settle('queued', row.code, now + nextBackoffMs(attempts, random, attemptBackoff));
  }
  if (row.burns === 'crash' && crashes >= job.maxCrashes) return settle('failed', row.code);
  if (job.onInterrupt === 'fail') return settle('failed', row.code);
  if (job.onInterrupt === 'ask') return settle('waiting', 'HOMER_EFFECT_UNKNOWN');
  // The first crash is tried again at once: most are one-offs, and a person is waiting. Later ones back off.
  const dueAt =
    row.burns === 'crash' && crashes > 1 ? now + nextBackoffMs(crashes, random, attemptBackoff) : null;
  return settle('queued', row.code, dueAt);
}

function hintToLimited(id: string): string {
  return `\`homer retry ${id}\` tries again; with \`parkOnLimit: true\` of the executor Homer would wait for the reset by itself.`;
}

/** A limit moves the job on at once; a service that is away only when it was away the time before, so that a moment is none. */
function fallbackOf({ fallback = [], parks }: SettledJob, verdict: Verdict): string | null {
  const moves = verdict === 'rate_limited' || (verdict === 'offline' && parks > 0);
  return moves ? (fallback[0] ?? null) : null;
}
