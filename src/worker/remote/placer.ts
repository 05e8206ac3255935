// Says inside a commit on which host a job is to run, and writes down when there is none. Without workers it costs nothing.

import { availableParallelism } from 'node:os';
import type { Config, ExecutorConfig } from '../../config/config.ts';
import { isCanary } from '../../core/canary.ts';
import type { JobId } from '../../core/ids.ts';
import type { Place } from '../../engine/engine.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { steadyNow } from '../../lifecycle/steady-clock.ts';
import type { Desk } from './desk.ts';
import type { Seat } from './seat.ts';
import { decidePlacement, type Host, type Placed } from './placement.ts';

export interface PlacerOptions {
  readonly ledger: Ledger;
  readonly desk: Desk;
  readonly config: () => Config;
  readonly executors: () => Readonly<Record<string, ExecutorConfig>>;
}

/** How long a worker that could not do a job is not asked again. */
const declinedMs = 10 * 60_000;
const mostDeclined = 10_000;
/** How long a job waits that nobody can do; a worker that comes ends it sooner. */
const parkMs = 60_000;

export class Placer {
  readonly #options: PlacerOptions;
  readonly #declined = new Map<JobId, Map<string, number>>();
  /** Of this commit, jobs placed in it included; null: not asked for yet. */
  #running: Map<string | null, number> | null = null;

  constructor(options: PlacerOptions) {
    this.#options = options;
    const forget = (): void => void (this.#running = null);
    options.ledger.writer.join({ beforeCommit: forget, afterRollback: forget });
  }

  readonly place: Place = (jobId, lane) => {
    const { ledger, desk, config } = this.#options;
    // It is about this host's own way, also where this host runs nothing else.
    if (isCanary(lane)) return { host: null };
    const { workers, lanes } = config();
    const labels = lanes[lane]?.labels ?? [];
    if (desk.seats.length === 0 && labels.length === 0 && workers.here.concurrency === null)
      return { host: null };
    const now = ledger.now();
    const running = (this.#running ??= ledger.claims.runningByHost());
    const job: Placed = {
      ...ledger.placing.of(jobId),
      lane,
      labels,
      declinedBy: new Set(this.#declinedBy(jobId)),
    };
    const hosts = this.#hosts(running);
    const terms = { now, moveAfterMs: workers.moveAfterMs, parkMs };
    let placement = decidePlacement(job, hosts, terms);
    if (placement.do === 'move') {
      ledger.placing.moveAway(jobId, placement.from, placement.why, now);
      placement = decidePlacement({ ...job, boundTo: undefined }, hosts, terms);
    }
    if (placement.do === 'park') {
      ledger.placing.park(jobId, placement.until, placement.why, now);
      return 'parked';
    }
    // One that some host could not do may wait for less than others of its kind.
    if (placement.do !== 'run') return job.declinedBy.size === 0 ? 'waits' : 'passed';
    running.set(placement.host, (running.get(placement.host) ?? 0) + 1);
    return { host: placement.host };
  };

  /** A worker had the job and could not do it. */
  noteDeclined(host: string, jobId: JobId): void {
    if (this.#declined.size >= mostDeclined) this.#declined.clear();
    const by = this.#declined.get(jobId) ?? new Map<string, number>();
    by.set(host, steadyNow() + declinedMs);
    this.#declined.set(jobId, by);
  }

  /** The daemon's own host, and every worker there is. */
  hosts(): Host[] {
    return this.#hosts(this.#options.ledger.claims.runningByHost());
  }

  #hosts(running: ReadonlyMap<string | null, number>): Host[] {
    const { executors, config, desk } = this.#options;
    const { here } = config().workers;
    const own: Host = {
      name: null,
      isUp: here.concurrency !== 0,
      seenAt: Infinity,
      lanes: null,
      labels: here.labels,
      executors: new Set(Object.keys(executors())),
      concurrency: here.concurrency ?? Infinity,
      // Where no limit is set, the processors say how much is a crowd.
      capacity: here.concurrency ?? availableParallelism(),
      running: running.get(null) ?? 0,
    };
    return [own, ...desk.seats.map((seat) => hostOf(seat, running.get(seat.record.name) ?? 0))];
  }

  *#declinedBy(jobId: JobId): Generator<string> {
    const now = steadyNow();
    for (const [host, until] of this.#declined.get(jobId) ?? []) if (until > now) yield host;
  }
}

function hostOf({ record, about, end, isUp, drains, seenAt }: Seat, running: number): Host {
  const { name, lanes } = record;
  const own = about?.lanes ?? null;
  const both = lanes === null ? own : own === null ? lanes : lanes.filter((lane) => own.includes(lane));
  return {
    name,
    // Without a conversation it can be given nothing, though it may not have been silent for long.
    isUp: isUp && !drains && end.isOpen,
    seenAt: seenAt ?? record.addedAt,
    lanes: both,
    labels: about?.labels ?? [],
    executors: new Set(Object.keys(about?.executors ?? {})),
    concurrency: about?.concurrency ?? 0,
    capacity: about?.concurrency ?? 0,
    running,
  };
}
