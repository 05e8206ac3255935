// The port to what hands jobs to workers. The ledger is the truth and an engine is transport: it says which job to
// run next, the ledger alone grants the right to run it and records how it ended.

import type { JobId, RunId } from '../core/ids.ts';
import type { Rate } from '../core/rate.ts';
import type { Passing } from '../ledger/grant.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RegainedSlot } from '../ledger/slots.ts';

export interface LaneLimits {
  readonly concurrency: number;
  readonly rate: Rate | null;
}

/** What every engine is made of. */
export interface EngineOptions {
  readonly ledger: Ledger;
  /** The lanes as configured now; read at every decision, so a reload needs only `refresh`. */
  readonly lanes: () => Readonly<Record<string, LaneLimits>>;
  /** Told of an error nobody awaits. */
  readonly onError: (error: unknown) => void;
  /** Left out: every job runs on the daemon's host. */
  readonly place?: Place | undefined;
}

/** The limits of a lane that still has jobs and is in no configuration any more: worked off one by one, never stuck. */
export const orphanLimits: LaneLimits = { concurrency: 1, rate: null };

/** What an engine cannot do, or does differently, by name; a conformance case that needs one asks for it here. */
export interface Capabilities {
  /** Workers on other hosts can take claims. */
  readonly crossHost: boolean;
  /** Claims are leases that end by time unless extended; false: only settlement or recovery ends them. */
  readonly timedClaims: boolean;
  /** Waiting raises a job's place in its lane. */
  readonly ageing: boolean;
  /** The limit of a rate is never passed, not even across a restart. */
  readonly strictRate: boolean;
}

/** The fenced right to make one run of a job. */
export interface Claim {
  readonly jobId: JobId;
  readonly lane: string;
  /** The run this claim is for; its row is committed with the grant. */
  readonly runId: RunId;
  /** `<generation>.<boot epoch>.<fence>`: strictly newer per grant; a settlement needs the current one. */
  readonly token: string;
  /** The worker whose host the run is on; null: the daemon's own. */
  readonly host: string | null;
}

/** Asked inside the commit: on which host a job that may be claimed now is to run, or why on none now. */
export type Place = (jobId: JobId, lane: string) => { readonly host: string | null } | Passing;

/** Told, after the commit, of a job that waited with a living run and has its lane's slot again. It must not throw. */
export type SlotConsumer = (slot: RegainedSlot) => void;

/** Takes claims; the lane's slot is free again when the promise is settled. It must not reject. */
export type Consumer = (claim: Claim) => Promise<void>;

export interface LaneDepth {
  readonly lane: string;
  readonly queued: number;
  readonly running: number;
  readonly paused: boolean;
}

/** What an engine is built on beside the ledger, for people and programs that look after it. */
export interface Transport {
  readonly kind: 'redis';
  /** `connecting` only at the start; while it is `away` jobs are claimed from the ledger. */
  readonly state: 'connecting' | 'up' | 'away';
  /** "redis 7.0.15: everysec, can lose the last second; Homer sends it again from the ledger"; null until it was asked. */
  readonly durability: string | null;
  /** What it is set to and should not be; Homer goes on all the same. */
  readonly warnings: readonly string[];
}

export interface Engine {
  readonly kind: 'embedded' | 'bullmq';
  readonly capabilities: Capabilities;
  /** Tells that jobs are queued in the ledger. A hint: an engine must also find jobs nobody offered. */
  offer(jobIds: readonly JobId[]): Promise<void>;
  /**
   * Starts to hand claims to the consumer, and slots that jobs want back, until `close`. With `only`, those of this lane: nothing
   * of any other moves until it is called again without.
   */
  receive(consumer: Consumer, onSlot?: SlotConsumer, only?: string): Promise<void>;
  /** Keeps a timed claim alive; `lost` means that the run must end without settling. */
  extend(claim: Claim): Promise<'kept' | 'lost'>;
  /** Gives a claim back unused: the job is queued again and nothing is burnt. */
  handBack(claim: Claim, delayMs: number): Promise<void>;
  /** Takes a job that ended or was cancelled out of the transport. */
  withdraw(jobId: JobId): Promise<void>;
  /** Lanes, limits or pauses were changed. */
  refresh(): Promise<void>;
  /** Every lane that is configured or has jobs. */
  depth(): Promise<readonly LaneDepth[]>;
  /** Null: there is nothing beside the ledger. */
  transport(): Transport | null;
  /** BullMQ queues in the transport now, to be looked at only; what is done to them says nothing to the ledger. */
  nativeQueues(): readonly object[];
  /** Hands out no claim any more; returns when none is being handed out. Tolerates a second call. */
  close(): Promise<void>;
}
