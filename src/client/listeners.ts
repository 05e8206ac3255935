// The topics of a client: subscribed to again after each reconnect, each from its own cursor.

import type { CallError } from './call-error.ts';
import type { Reset, Topic } from './topics.ts';

export interface Listener<Message> {
  /** When it returns, the message counts as worked off: the next connection goes on after it. */
  onMessage(message: Message): void;
  /** Something was missed: look at the whole again. */
  onReset?(reset: Reset): void;
  /** Homer refuses the topic; it is not tried again. */
  onError?(error: CallError): void;
}

export interface Listening {
  /** Everything up to here was worked off; null before the topic has begun. */
  readonly cursor: string | null;
  stop(): void;
}

interface Entry {
  readonly topic: Topic;
  readonly listener: Listener<unknown>;
  cursor: string | null;
}

export type Outcome = { readonly result: unknown } | { readonly error: CallError };

export interface ListenersOptions {
  /** Calls back in the turn in which the answer comes: a message of the topic may follow in the same. */
  ask(method: string, params: unknown, settle: (outcome: Outcome) => void): void;
  isOpen(): boolean;
}

export class Listeners {
  readonly #options: ListenersOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /** Throws when somebody listens to this topic already. */
  add(topic: Topic, listener: Listener<never>, since?: string): Listening {
    if (this.#entries.has(topic)) throw new Error(`There is a listener for "${topic}" already.`);
    const entry: Entry = {
      topic,
      listener,
      cursor: since ?? null,
    };
    this.#entries.set(topic, entry);
    if (this.#options.isOpen()) this.#subscribe(entry);
    return {
      get cursor() {
        return entry.cursor;
      },
      stop: () => {
        if (this.#entries.get(topic) !== entry) return;
        this.#entries.delete(topic);
        // Whether Homer heard it does not matter: what still comes finds no listener.
        if (this.#options.isOpen()) this.#options.ask('unsubscribe', { topic }, () => undefined);
      },
    };
  }

  /** There is a new connection. */
  renew(): void {
    for (const entry of this.#entries.values()) this.#subscribe(entry);
  }

  stop(): void {
    this.#entries.clear();
  }

  take(method: string, params: Readonly<Record<string, unknown>>): void {
    const entry = this.#entries.get(String(params['topic']));
    if (entry === undefined) return;
    const { listener } = entry;
    if (method === 'reset') listener.onReset?.(params as unknown as Reset);
    else listener.onMessage(params);
    if (typeof params['cursor'] === 'string') entry.cursor = params['cursor'];
    if (params['end'] !== undefined) this.#entries.delete(entry.topic);
  }

  #subscribe(entry: Entry): void {
    const { topic, listener, cursor } = entry;
    const params = cursor === null ? { topic } : { topic, since: cursor };
    this.#options.ask('subscribe', params, (outcome) => {
      if (this.#entries.get(topic) !== entry) return;
      if ('error' in outcome) {
        this.#entries.delete(topic);
        listener.onError?.(outcome.error);
        return;
      }
      const begun = outcome.result as Readonly<Record<string, unknown>>;
      if (typeof begun['reset'] === 'string')
        listener.onReset?.({ reason: begun['reset'] as Reset['reason'], cursor: String(begun['cursor']) });
      if (begun['present'] !== undefined) listener.onMessage({ ...begun, type: 'here' });
      if (typeof begun['cursor'] === 'string') entry.cursor = begun['cursor'];
    });
  }
}
