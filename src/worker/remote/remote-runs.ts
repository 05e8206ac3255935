// Workers on other hosts, as the rest of the house knows them: which host a job is for, a run there driven to its end, who is there.

import { hostname } from 'node:os';
import { makeToken, readToken } from '../../remote/token.ts';
import type { Config, ExecutorConfig } from '../../config/config.ts';
import type { JobId } from '../../core/ids.ts';
import type { Place } from '../../engine/engine.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { OpenWire } from '../../remote/wire.ts';
import { persist } from '../persist.ts';
import type { LedgerBook, LedgerRun } from '../ledger-book.ts';
import { Desk } from './desk.ts';
import { assertWorkerName } from './seat.ts';
import type { LeaseTerms } from './messages.ts';
import { Placer } from './placer.ts';
import { driveRemoteRun } from './remote-drive.ts';
import type { Host } from './placement.ts';

export interface RemoteRunsOptions {
  readonly ledger: Ledger;
  readonly config: () => Config;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
  /** Null: the engine reaches nobody. */
  readonly openWire: OpenWire | null;
  /** Begins of every key in Redis. */
  readonly prefix: string;
  /** Shorter ones, for tests. */
  readonly terms?: LeaseTerms | undefined;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
  readonly note: (fields: Record<string, unknown>, message: string) => void;
}

/** A worker, or the daemon's own host, for people. */
export interface WorkerLook extends Host {
  readonly hostname: string | null;
  readonly version: string | null;
  readonly drains: boolean;
  /** Null: never. */
  readonly lastSeenAt: number | null;
}

/** Kept between the end of a run and the end of its lease: its runner's whole ladder, and as much again for a machine that is busy. */
const marginMs = 20_000;
const beatMs = 5_000;

export class RemoteRuns {
  readonly #options: RemoteRunsOptions;
  readonly #desk: Desk;
  readonly #placer: Placer;
  readonly #terms: () => LeaseTerms;

  constructor(options: RemoteRunsOptions) {
    this.#options = options;
    this.#terms = () => options.terms ?? { leaseMs: options.config().workers.leaseMs, marginMs, beatMs };
    this.#desk = new Desk({ ...options, terms: this.#terms });
    this.#placer = new Placer({ ...options, desk: this.#desk });
  }

  get place(): Place {
    return this.#placer.place;
  }

  /** Returns at once. */
  start(): void {
    this.#desk.start();
  }

  stop(): Promise<void> {
    return this.#desk.stop();
  }

  /** Resolves when the run is settled; rejects with the signal's reason when it is handed over. */
  drive(
    book: LedgerBook,
    run: LedgerRun,
    host: string,
    isFresh: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { ledger, onError, note } = this.#options;
    const onDeclined = (by: string, jobId: string, why: string): void => {
      note({ worker: by, jobId, why }, 'a worker could not do a job');
      this.#placer.noteDeclined(by, jobId as JobId);
    };
    const context = { ledger, desk: this.#desk, terms: this.#terms, onDeclined, onError };
    return driveRemoteRun(context, book, run, host, isFresh, signal);
  }

  /** The daemon's own host first. */
  look(): WorkerLook[] {
    const seats = new Map(this.#desk.seats.map((seat) => [seat.record.name, seat]));
    return this.#placer.hosts().map((host) => {
      const seat = host.name === null ? undefined : seats.get(host.name);
      return {
        ...host,
        hostname: host.name === null ? hostname() : (seat?.about?.hostname ?? null),
        version: seat?.about?.version ?? null,
        drains: seat?.drains ?? false,
        lastSeenAt: seat?.seenAt ?? null,
      };
    });
  }

  /** Lets a worker in; its token is told this once. HOMER_WORKER_EXISTS, HOMER_INPUT_INVALID */
  async add(name: string, lanes: readonly string[] | null): Promise<string> {
    assertWorkerName(name);
    const { ledger, prefix } = this.#options;
    const token = makeToken({ prefix, generation: ledger.generation, name });
    const key = readToken(token)?.key.toString('hex') ?? '';
    await ledger.commit(() => {
      ledger.workers.add({ name, key, lanes }, ledger.now());
      ledger.events.append(ledger.now(), 'worker.added', null, null, { worker: name });
    });
    this.#desk.reload();
    return token;
  }

  /** It can say nothing any more; what it has is taken back when its lease is over. HOMER_WORKER_UNKNOWN */
  async remove(name: string): Promise<void> {
    const { ledger } = this.#options;
    const remove = (): void => {
      ledger.workers.remove(name);
      ledger.events.append(ledger.now(), 'worker.removed', null, null, { worker: name });
    };
    await persist(ledger, remove, new AbortController().signal);
    this.#desk.reload();
    await ledger.commit(() => ledger.placing.releaseParked(ledger.now()));
  }
}
