// What a daemon and its workers on other hosts say to each other. Everything in it that matters is on disk at one of the two ends, so
// that all of it can be said again: the ledger knows what was granted, the worker's run directories what became of it.

import type { ExecutorKind } from '../../core/agent.ts';
import type { JobId, RunId } from '../../core/ids.ts';
import type { LeftFile, LeftFiles } from '../../core/left-files.ts';
import type { RunReport } from '../../ledger/run-record.ts';
import type { Order } from '../../runner/files.ts';
import type { Brief } from '../brief.ts';

/** Raised with every change that the other end would not understand. */
export const protocolVersion = 2;

/** What a worker says of itself. */
export interface About {
  readonly protocol: number;
  /** Of its state directory: two workers with one token are told apart by it. */
  readonly instance: string;
  readonly hostname: string;
  readonly version: string;
  readonly pid: number;
  /** The only lanes it serves; null: all that it may. */
  readonly lanes: readonly string[] | null;
  readonly labels: readonly string[];
  /** Runs that it takes at a time. */
  readonly concurrency: number;
  /** Those it has, by name. */
  readonly executors: Readonly<Record<string, ExecutorKind>>;
}

/** A run in the hands of a worker, as it was granted. */
export interface HeldRun {
  readonly runId: RunId;
  readonly token: string;
}

/** Lease times, ms. A worker's runner ends its run `marginMs` before the end of the lease. */
export interface LeaseTerms {
  readonly leaseMs: number;
  readonly marginMs: number;
  /** Between two heartbeats. */
  readonly beatMs: number;
}

/** What of a run comes in parts: its journal as it is written, and what it left for a person when it has ended. */
export type RunFile = 'journal' | 'left';
export const runFiles: readonly RunFile[] = ['journal', 'left'];

export type Up =
  /** `n`: it stands for a beat, too. */
  | { readonly type: 'ready'; readonly n: number; readonly about: About; readonly runs: readonly HeldRun[] }
  /** `n` counts from 1 in the life of a worker; `heard`: messages of this conversation; it takes no more when it `drains`. */
  | {
      readonly type: 'beat';
      readonly n: number;
      readonly heard: number;
      readonly drains: boolean;
      readonly runs: readonly HeldRun[];
    }
  | { readonly type: 'started'; readonly runId: RunId }
  /** The body is that file from byte `at` on. */
  | { readonly type: 'part'; readonly runId: RunId; readonly file: RunFile; readonly at: number }
  /** How a run ended, once all of its files was sent; the journal has so many bytes, with this hash. `left`: null for nothing. */
  | {
      readonly type: 'ended';
      readonly runId: RunId;
      readonly token: string;
      readonly report: RunReport;
      readonly journal: { readonly bytes: number; readonly sha256: string };
      readonly left: LeftFiles | null;
    }
  /** It never came to a runner. `declines`: it would not on this host at any time soon. */
  | {
      readonly type: 'unused';
      readonly runId: RunId;
      readonly token: string;
      readonly why: string;
      readonly declines: boolean;
    }
  /** Something of it may live on. */
  | { readonly type: 'unproven'; readonly runId: RunId; readonly token: string; readonly why: string };

export type Down =
  /** The answer to `ready`. */
  | { readonly type: 'terms'; readonly terms: LeaseTerms }
  | { readonly type: 'refused'; readonly why: string }
  /** The answer to beat `n`: whose lease begins anew with it, and which runs are not this worker's any more. */
  | {
      readonly type: 'ack';
      readonly n: number;
      readonly kept: readonly RunId[];
      readonly gone: readonly RunId[];
    }
  /** `beat`: the newest heard of; the lease begins when that one was sent. */
  | {
      readonly type: 'grant';
      readonly jobId: JobId;
      readonly lane: string;
      readonly token: string;
      readonly beat: number;
      readonly brief: Brief;
      /** What the daemon has of the outbox of the run's workspace; null: it works in no workspace. */
      readonly outbox: readonly LeftFile[] | null;
    }
  /** The daemon has so many bytes of that file; `rewind`: what was sent beyond that is to be sent again. */
  | {
      readonly type: 'got';
      readonly runId: RunId;
      readonly file: RunFile;
      readonly bytes: number;
      readonly rewind?: true;
    }
  | { readonly type: 'order'; readonly runId: RunId; readonly number: number; readonly order: Order }
  /** What became of the run is in the ledger. */
  | { readonly type: 'settled'; readonly runId: RunId }
  /** A message was lost. */
  | { readonly type: 'again' };
