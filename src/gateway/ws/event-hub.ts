// The ledger's events for many readers at once: those who are up to date share one frame, those who lag behind read on
// from their own place in the ledger. What a slow reader costs is its place, not memory.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseTopic, type EventFilter } from '../../core/wire.ts';
import { decideStart, type EventLog, type ResetReason, type StreamedEvent } from '../event-stream.ts';
import { eventFrame, EventTexts, notification } from './frames.ts';

/** One reader, as the hub sees it. */
export interface EventReader {
  readonly closed: AbortSignal;
  /** As much is waiting for it as may. */
  readonly isFull: boolean;
  send(frame: Buffer): void;
  /** Resolves when it can take more, or is closed. */
  drained(): Promise<void>;
  /** Something is wrong with what it is to be sent. */
  fail(error: unknown): void;
}

interface Subscription {
  readonly topic: string;
  readonly filter: EventFilter | null;
  readonly reader: EventReader;
  /** Told up to here; of use only while it lags behind. */
  after: number;
  isEnded: boolean;
}

/** Those who have been told the same, of the same topic. */
interface Group {
  readonly filter: EventFilter | null;
  readonly live: Set<Subscription>;
  /** Events went by that were not for it: the next tick tells it how far it is. */
  isBehindTick: boolean;
}

export interface Begun {
  /** Where it begins. */
  readonly cursor: string;
  /** Why it does not begin where it was asked to; null: it does. */
  readonly reset: ResetReason | null;
  /** Begins to send. */
  readonly go: () => void;
  readonly end: () => void;
}

const batch = 200;

export class EventHub {
  readonly #log: EventLog;
  readonly #gatherMs: number;
  readonly #groups = new Map<string, Group>();
  #count = 0;
  /** Every live reader has been told all up to here. */
  #head = 0;
  #lastFlushAt = -Infinity;
  #flush: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void) | null = null;

  /** Events that come within `gatherMs` of the last frame are gathered into the next one; a lone one goes at once. */
  constructor(log: EventLog, gatherMs: number) {
    this.#log = log;
    this.#gatherMs = gatherMs;
  }

  /** The place of whoever has been told everything. */
  get cursor(): string {
    return `${this.#log.generation}.${this.#count === 0 ? this.#log.lastSeq() : this.#head}`;
  }

  /** `topic` is one of events. A cursor that cannot be served begins now, with the reason. */
  subscribe(topic: string, cursor: string | undefined, reader: EventReader): Begun {
    const parsed = parseTopic(topic);
    if (parsed?.is !== 'events') throw new Error(`${topic} is no topic of events`);
    if (this.#count === 0) this.#listen();
    this.#count += 1;
    const start = decideStart(cursor, this.#log);
    // What is on disk but was not handed out yet would be told twice to one who begins behind it.
    while (this.#head < start.after) this.#flushNow();
    const subscription: Subscription = {
      topic,
      filter: parsed.filter,
      reader,
      after: start.after,
      isEnded: false,
    };
    return {
      cursor: this.#cursorOf(start.after),
      reset: start.reset,
      go: () => this.#catchUp(subscription),
      end: () => this.#end(subscription),
    };
  }

  /** Tells those for whom nothing came how far they are, so that coming back later costs no long search. */
  tick(): void {
    for (const [topic, group] of this.#groups) {
      if (!group.isBehindTick) continue;
      group.isBehindTick = false;
      this.#sendAll(group, [eventFrame(topic, this.#cursorOf(this.#head), [])], this.#head);
    }
  }

  #listen(): void {
    this.#head = this.#log.lastSeq();
    this.#unsubscribe = this.#log.subscribe(() => this.#schedule());
  }

  #end(subscription: Subscription): void {
    if (subscription.isEnded) return;
    subscription.isEnded = true;
    this.#leave(subscription);
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (this.#flush !== null) clearTimeout(this.#flush);
    this.#flush = null;
  }

  #join(subscription: Subscription): void {
    const { topic, filter } = subscription;
    const group = this.#groups.get(topic) ?? { filter, live: new Set(), isBehindTick: false };
    this.#groups.set(topic, group);
    group.live.add(subscription);
  }

  #leave(subscription: Subscription): void {
    const group = this.#groups.get(subscription.topic);
    group?.live.delete(subscription);
    if (group?.live.size === 0) this.#groups.delete(subscription.topic);
  }

  #cursorOf(seq: number): string {
    return `${this.#log.generation}.${seq}`;
  }

  #schedule(): void {
    if (this.#flush !== null) return;
    const wait = this.#lastFlushAt + this.#gatherMs - performance.now();
    // Never in the turn of the commit itself: whoever waits for that comes first.
    this.#flush = setTimeout(() => this.#flushNow(), Math.max(0, wait));
  }

  #flushNow(): void {
    if (this.#flush !== null) clearTimeout(this.#flush);
    this.#flush = null;
    this.#lastFlushAt = performance.now();
    const events = this.#log.read(this.#head, batch);
    const before = this.#head;
    const last = events.at(-1)?.seq ?? this.#log.lastSeq();
    this.#head = last;
    const texts = new EventTexts(events, this.#log.generation);
    for (const [topic, group] of this.#groups) {
      const frames = texts.frames(topic, group.filter, last);
      group.isBehindTick = frames.length === 0;
      if (frames.length > 0) this.#sendAll(group, frames, before);
    }
    // There may be more than one batch.
    if (events.length === batch) this.#flush ??= setTimeout(() => this.#flushNow(), 0);
  }

  /** `before`: where a reader stands that cannot take the frames now. */
  #sendAll(group: Group, frames: readonly Buffer[], before: number): void {
    for (const subscription of group.live) {
      const { reader } = subscription;
      if (reader.isFull) {
        subscription.after = before;
        this.#leave(subscription);
        this.#catchUp(subscription);
      } else for (const frame of frames) reader.send(frame);
    }
  }

  /** Reads on from the reader's own place until it is where the others are. */
  #catchUp(subscription: Subscription): void {
    this.#readOn(subscription).catch((error: unknown) => subscription.reader.fail(error));
  }

  async #readOn(subscription: Subscription): Promise<void> {
    const { topic, filter, reader } = subscription;
    for (;;) {
      if (reader.isFull) await reader.drained();
      if (subscription.isEnded || reader.closed.aborted) return;
      if (subscription.after >= this.#head) return this.#join(subscription);
      this.#checkPruned(subscription);
      const events = this.#readUpTo(this.#head, subscription.after);
      const upTo = events.length < batch ? this.#head : (events.at(-1)?.seq ?? this.#head);
      const texts = new EventTexts(events, this.#log.generation);
      for (const frame of texts.frames(topic, filter, upTo)) reader.send(frame);
      subscription.after = upTo;
      // A long way to go must not keep the event loop from everybody else.
      if (subscription.after < this.#head) await nextTurn();
    }
  }

  #readUpTo(head: number, after: number): readonly StreamedEvent[] {
    return this.#log.read(after, batch).filter(({ seq }) => seq <= head);
  }

  /** Who lagged so far behind that events are gone has to look at the whole again. */
  #checkPruned(subscription: Subscription): void {
    const { after, reset } = decideStart(this.#cursorOf(subscription.after), this.#log);
    if (reset === null) return;
    subscription.after = Math.min(after, this.#head);
    const { topic, reader } = subscription;
    reader.send(notification('reset', { topic, cursor: this.#cursorOf(subscription.after), reason: reset }));
  }
}
