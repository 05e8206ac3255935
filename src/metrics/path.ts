// Counts what happened on the path of a task, from the ledger's event log: whoever asks pays for what has happened since they
// last asked, and nobody else pays anything.

import { setImmediate as turn } from 'node:timers/promises';
import { Counter, Histogram, type Registry } from 'prom-client';
import { parseRoute } from '../core/delivery.ts';
import type { CountedEvent, Watch } from '../ledger/watch.ts';

/** Read in one go; the event loop turns after each. */
const batch = 1_000;
const outcomes: ReadonlySet<string> = new Set(['delivered', 'unknown', 'dead', 'dropped']);
const endings: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled']);
const runBuckets = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 1_800, 3_600, 14_400];
const waitBuckets = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200];

export class PathMetrics {
  readonly #watch: Watch;
  #seq: number;
  #reading: Promise<void> = Promise.resolve();
  readonly #accepted;
  readonly #settled;
  readonly #ended;
  readonly #lost;
  readonly #seconds;
  readonly #wait;
  readonly #tokens;
  readonly #cost;
  readonly #deliveries;
  readonly #occurrences;

  /** Counts events after `seq`. */
  constructor(watch: Watch, seq: number, registry: Registry) {
    this.#watch = watch;
    this.#seq = seq;
    const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
      new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
    const histogram = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[],
      buckets: number[],
    ) => new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [registry] });
    this.#accepted = counter('homer_jobs_accepted_total', 'Jobs that were accepted.', ['lane', 'source']);
    this.#settled = counter('homer_jobs_settled_total', 'Jobs that ended.', ['lane', 'outcome']);
    this.#ended = counter('homer_runs_ended_total', 'Runs that ended, by verdict.', ['executor', 'verdict']);
    this.#lost = counter('homer_runs_lost_total', 'Runs whose runner or agent was killed.', ['executor']);
    const seconds = 'Time from the start of a run to its end.';
    this.#seconds = histogram('homer_run_duration_seconds', seconds, ['executor'], runBuckets);
    const wait = 'Time from being queued to being granted a run.';
    this.#wait = histogram('homer_job_wait_seconds', wait, ['lane'], waitBuckets);
    const tokens = 'Tokens that runs are known to have used.';
    this.#tokens = counter('homer_tokens_total', tokens, ['executor', 'direction']);
    this.#cost = counter('homer_cost_usd_total', 'What runs are known to have cost.', ['executor']);
    const deliveries = 'Messages on their way out, by how they ended.';
    this.#deliveries = counter('homer_deliveries_total', deliveries, ['channel', 'outcome']);
    const occurrences = 'Due times of schedules, by what became of them.';
    this.#occurrences = counter('homer_occurrences_total', occurrences, ['state']);
  }

  /** Counts what has happened since the last time; callers at the same time wait for one another. */
  read(): Promise<void> {
    const read = this.#reading.then(() => this.#readAll());
    this.#reading = read.catch(() => {
      // Told to whoever asked; the next one begins where this one stopped.
    });
    return read;
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const events = this.#watch.events(this.#seq, batch);
      for (const event of events) this.#count(event);
      this.#seq = events.at(-1)?.seq ?? this.#seq;
      if (events.length < batch) return;
      await turn();
    }
  }

  #count(event: CountedEvent): void {
    const [noun = '', state = ''] = event.type.split('.');
    if (noun === 'job') this.#countJob(event, state);
    else if (noun === 'delivery' && outcomes.has(state)) {
      const channel = parseRoute(String(event.data?.['target']))?.channel ?? 'unknown';
      this.#deliveries.inc({ channel, outcome: state });
    } else if (noun === 'occurrence' && state !== 'pending') this.#occurrences.inc({ state });
  }

  #countJob(event: CountedEvent, state: string): void {
    const { at, data, run } = event;
    const lane = event.lane ?? 'unknown';
    const isNew = event.createdAt === at && data === null;
    // "http:owner" and its like: who it was is nobody's label.
    const source = (event.source ?? 'unknown').split(':', 1)[0] ?? '';
    if (isNew && (state === 'queued' || state === 'scheduled')) this.#accepted.inc({ lane, source });
    if (state === 'running' && run !== null && event.queuedAt !== null)
      this.#wait.observe({ lane }, Math.max(0, run.grantedAt - event.queuedAt) / 1_000);
    if (endings.has(state)) this.#settled.inc({ lane, outcome: state });
    const verdict = data?.['verdict'];
    if (run !== null && typeof verdict === 'string') this.#countRun(run, verdict);
  }

  #countRun(run: NonNullable<CountedEvent['run']>, verdict: string): void {
    const { executor, grantedAt, startedAt, endedAt, inputTokens, outputTokens, costUsd } = run;
    this.#ended.inc({ executor, verdict });
    this.#lost.inc({ executor }, verdict === 'lost' ? 1 : 0);
    if (endedAt !== null)
      this.#seconds.observe({ executor }, Math.max(0, endedAt - (startedAt ?? grantedAt)) / 1_000);
    this.#tokens.inc({ executor, direction: 'input' }, inputTokens ?? 0);
    this.#tokens.inc({ executor, direction: 'output' }, outputTokens ?? 0);
    this.#cost.inc({ executor }, costUsd ?? 0);
  }
}
