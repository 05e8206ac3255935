// Sends the path of each task to a collector once it is known: a job with its waits and runs when it has ended, a message when it is
// there. What happens while Homer is down, or cannot reach the collector, is not sent later: the ledger has it, see `homer trace`.

import type { TracingConfig } from '../config/tracing.ts';
import { parseTarget } from '../core/delivery.ts';
import { isDeliveryId, type JobId } from '../core/ids.ts';
import { spansOfDelivery, spansOfJob, type Span } from '../core/spans.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';
import type { SpanSender, TracedSpan } from './sender.ts';

export interface TracingOptions {
  readonly ledger: Ledger;
  readonly config: () => TracingConfig;
  readonly version: string;
  readonly log: Log;
}

const ends: ReadonlySet<string> = new Set(['job.succeeded', 'job.failed', 'job.cancelled']);
const atOnce = 500;
/** Chains of jobs are shorter than any `subagents.maxDepth`. */
const deepest = 64;

export class Tracing implements Service {
  readonly #options: TracingOptions;
  #unsubscribe: (() => void) | null = null;
  #url: string | null = null;
  #sender: Promise<SpanSender> | null = null;
  #cursor = 0;
  #isFailing = false;

  constructor(options: TracingOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.refresh();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    await this.#close();
  }

  /** The configuration was read again. Nothing is loaded, and nobody listens, while there is no collector. */
  refresh(): void {
    const { config, ledger } = this.#options;
    const { url } = config();
    if (url === this.#url) return;
    this.#url = url;
    void this.#close();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (url === null) return;
    this.#cursor = ledger.events.lastSeq();
    this.#sender = import('./sender.ts').then(({ openSender }) => openSender(url, this.#options.version));
    this.#unsubscribe = ledger.events.subscribe(() => this.#look());
  }

  #look(): void {
    const { ledger } = this.#options;
    const found: TracedSpan[] = [];
    for (;;) {
      const events = ledger.events.read(this.#cursor, atOnce);
      for (const { seq, type, jobId, data } of events) {
        this.#cursor = seq;
        if (jobId === null) continue;
        if (ends.has(type)) found.push(...this.#traced(jobId as JobId, this.#jobSpans(jobId as JobId)));
        else if (type.startsWith('delivery.'))
          found.push(
            ...this.#traced(jobId as JobId, this.#deliverySpans(jobId as JobId, data?.['deliveryId'])),
          );
      }
      if (events.length < atOnce) break;
    }
    if (found.length > 0) void this.#send(found);
  }

  #jobSpans(id: JobId): readonly Span[] {
    const { ledger } = this.#options;
    const job = ledger.jobs.get(id);
    const runs = ledger.claims.runsOf(id).map((run) => ({
      id: run.id,
      executor: run.executor ?? job.executor,
      startedAt: run.startedAt ?? run.grantedAt,
      endedAt: run.endedAt,
      verdict: run.verdict,
      inputTokens: run.usage.inputTokens,
      outputTokens: run.usage.outputTokens,
    }));
    return spansOfJob({ ...job, runs });
  }

  #deliverySpans(jobId: JobId, deliveryId: unknown): readonly Span[] {
    if (typeof deliveryId !== 'string' || !isDeliveryId(deliveryId)) return [];
    const delivery = this.#options.ledger.deliveries.get(deliveryId);
    return spansOfDelivery({ ...delivery, jobId, channel: parseTarget(delivery.target)?.channel ?? 'other' });
  }

  /** All jobs under one that a person asked for are one trace. */
  #traced(id: JobId, spans: readonly Span[]): readonly TracedSpan[] {
    const { jobs } = this.#options.ledger;
    let top = id;
    for (let depth = 0; depth < deepest; depth++) {
      const above = jobs.get(top).parentId;
      if (above === null) break;
      top = above;
    }
    return spans.map((span) => ({ ...span, trace: top }));
  }

  async #send(spans: readonly TracedSpan[]): Promise<void> {
    const { log } = this.#options;
    try {
      await (await this.#sender)?.send(spans);
      if (this.#isFailing) log.info({}, 'traces arrive again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn({ error }, 'traces do not arrive; nothing else is touched by that');
      this.#isFailing = true;
    }
  }

  async #close(): Promise<void> {
    const sender = this.#sender;
    this.#sender = null;
    // What could not be loaded was told when it was to send.
    await sender?.then((open) => open.close()).catch(() => undefined);
  }
}
