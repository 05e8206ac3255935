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
/** After so many writes everybody else has a turn. */
const sliceSize = 100;
/** Sending takes one part in this many of a core, unless somebody would wait for longer than `mostGathers` times `gatherMs`. */
const spareTime = 10;
const mostGathers = 2;

export class EventHub {
  readonly #log: EventLog;
  readonly #gatherMs: number;
  readonly #groups = new Map<string, Group>();
  #count = 0;
  /** Every live reader has been told all up to here. */
  #head = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Not before this, by the clock that only goes forward. */
  #nextFlushAt = 0;
  #isSending = false;
  /** Resolves when the head moves. */
  #moved = Promise.withResolvers<void>();
  #unsubscribe: (() => void) | null = null;
  #turn: Promise<void> = Promise.resolve();

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
    // Some have not been sent yet what stands before the head.
    if (this.#isSending) return;
    for (const [topic, group] of this.#groups) {
      if (!group.isBehindTick) continue;
      group.isBehindTick = false;
      const frame = eventFrame(topic, this.#cursorOf(this.#head), []);
      for (const each of group.live) if (!each.reader.isFull) each.reader.send(frame);
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
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#moved.resolve();
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
    if (this.#timer !== null || this.#isSending) return;
    // Never in the turn of the commit itself: whoever waits for that comes first.
    const wait = Math.max(0, this.#nextFlushAt - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush().catch((error: unknown) => this.#failAll(error));
    }, wait);
  }

  async #flush(): Promise<void> {
    const began = performance.now();
    const events = this.#log.read(this.#head, batch);
    const before = this.#head;
    this.#head = events.at(-1)?.seq ?? this.#log.lastSeq();
    const texts = new EventTexts(events, this.#log.generation);
    // All of it before the first is sent: who joins while the others are sent to is past these already.
    const letters = [...this.#groups].flatMap(([topic, group]) => {
      const frames = texts.frames(topic, group.filter, this.#head);
      group.isBehindTick = frames.length === 0;
      return frames.length === 0 ? [] : [...group.live].map((subscription) => ({ subscription, frames }));
    });
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
    this.#isSending = true;
    let busyMs = 0;
    for (let from = 0; from < letters.length; from += sliceSize) {
      if (from > 0) await nextTurn();
      // What it costs this thread, and not the clock: that others keep the machine busy is no reason to send less often.
      const sliceBegan = process.threadCpuUsage();
      for (const { subscription, frames } of letters.slice(from, from + sliceSize))
        this.#send(subscription, frames, before);
      const { user, system } = process.threadCpuUsage(sliceBegan);
      busyMs += (user + system) / 1_000;
    }
    this.#isSending = false;
    const spareMs = Math.min(busyMs * (spareTime - 1), this.#gatherMs * mostGathers);
    this.#nextFlushAt = Math.max(began + this.#gatherMs, performance.now() + spareMs);
    if (this.#count > 0 && this.#log.lastSeq() > this.#head) this.#schedule();
  }

  /** `before`: where the reader stands if it cannot take the frames now. */
  #send(subscription: Subscription, frames: readonly Buffer[], before: number): void {
    const { reader } = subscription;
    if (subscription.isEnded) return;
    if (!reader.isFull) for (const frame of frames) reader.send(frame);
    else {
      subscription.after = before;
      this.#leave(subscription);
      this.#catchUp(subscription);
    }
  }

  #failAll(error: unknown): void {
    this.#isSending = false;
    for (const group of this.#groups.values()) for (const { reader } of group.live) reader.fail(error);
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
      // What is on disk and was not handed out yet would be told twice to one who begins behind it.
      if (subscription.after > this.#head) {
        await this.#moved.promise;
        continue;
      }
      if (subscription.after === this.#head) return this.#join(subscription);
      await this.#pace();
      if (subscription.isEnded || reader.closed.aborted) return;
      this.#checkPruned(subscription);
      const events = this.#readUpTo(this.#head, subscription.after);
      const upTo = events.length < batch ? this.#head : (events.at(-1)?.seq ?? this.#head);
      const texts = new EventTexts(events, this.#log.generation);
      for (const frame of texts.frames(topic, filter, upTo)) reader.send(frame);
      subscription.after = upTo;
    }
  }

  /** One batch in a turn of the event loop, whoever it is for: thousands who come back at once keep nobody else waiting. */
  #pace(): Promise<void> {
    this.#turn = this.#turn.then(() => nextTurn());
    return this.#turn;
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
