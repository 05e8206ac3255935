// What one connection listens to: events, journals of runs, presence.

import { HomerError } from '../../core/errors.ts';
import { parseTopic, topicRule } from '../../core/wire.ts';
import type { Presence } from '../presence.ts';
import type { RunStream } from '../run-stream.ts';
import type { EventHub, EventReader } from './event-hub.ts';
import { notification } from './frames.ts';

export interface SubscriptionsOptions {
  readonly hub: EventHub;
  readonly runs: RunStream;
  readonly presence: Presence;
  readonly mostTopics: number;
  readonly reader: EventReader;
}

export interface Subscribed {
  readonly result: Readonly<Record<string, unknown>>;
  /** Called when the result is out: nothing of a topic comes before it. */
  go(): void;
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #ends = new Map<string, () => void>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  get topics(): Iterable<string> {
    return this.#ends.keys();
  }

  /** Throws HOMER_INPUT_INVALID, HOMER_RATE_LIMITED, HOMER_RUN_UNKNOWN. */
  async begin(topic: string, since: string | undefined): Promise<Subscribed> {
    const parsed = parseTopic(topic);
    if (parsed === null) throw new HomerError('HOMER_INPUT_INVALID', `topic: ${topicRule}.`);
    if (this.#ends.has(topic))
      throw new HomerError('HOMER_INPUT_INVALID', 'topic: is subscribed to already on this connection.');
    if (this.#ends.size >= this.#options.mostTopics)
      throw new HomerError(
        'HOMER_RATE_LIMITED',
        `A connection has at most ${this.#options.mostTopics} topics.`,
        {
          hint: 'Unsubscribe from what is not needed any more, or listen to all events at once.',
        },
      );
    if (parsed.is === 'presence') return this.#beginPresence(topic);
    return parsed.is === 'run' ? this.#beginRun(topic, parsed.runId, since) : this.#beginEvents(topic, since);
  }

  /** False: there was no such topic. */
  end(topic: string): boolean {
    const end = this.#ends.get(topic);
    this.#ends.delete(topic);
    end?.();
    return end !== undefined;
  }

  endAll(): void {
    for (const topic of this.#ends.keys()) this.end(topic);
  }

  #beginEvents(topic: string, since: string | undefined): Subscribed {
    const { cursor, reset, go, end } = this.#options.hub.subscribe(topic, since, this.#options.reader);
    this.#ends.set(topic, end);
    return { result: { topic, cursor, reset }, go };
  }

  #beginPresence(topic: string): Subscribed {
    const { presence, reader } = this.#options;
    const end = presence.subscribe((change) => reader.send(notification('presence', { topic, ...change })));
    this.#ends.set(topic, end);
    return { result: { topic, present: presence.list() }, go: () => undefined };
  }

  async #beginRun(topic: string, runId: string, since = '0'): Promise<Subscribed> {
    if (!/^\d{1,15}$/.test(since))
      throw new HomerError('HOMER_INPUT_INVALID', 'since: is not the number of an entry.');
    const { runs, reader } = this.#options;
    const ending = new AbortController();
    this.#ends.set(topic, () => ending.abort());
    const answered = Promise.withResolvers<void>();
    let cursor = since;
    // Entries and the end may come without being waited for: one after the other all the same.
    let sent: Promise<void> = answered.promise;
    const then = (act: () => Promise<void> | void): Promise<void> => (sent = sent.then(act));
    try {
      await runs.open(
        runId,
        Number(since),
        (entries) =>
          then(async () => {
            if (ending.signal.aborted) return;
            cursor = String(entries.at(-1)?.n ?? cursor);
            reader.send(notification('run', { topic, cursor, entries }));
            await reader.drained();
          }),
        (summary) =>
          void then(() => {
            if (ending.signal.aborted) return;
            reader.send(notification('run', { topic, cursor, entries: [], end: summary ?? {} }));
            this.end(topic);
          }),
        ending.signal,
      );
    } catch (error) {
      this.end(topic);
      throw error;
    }
    return { result: { topic, cursor, reset: null }, go: () => answered.resolve() };
  }
}
