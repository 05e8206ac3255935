// What a worker and its daemon tell each other: it says who it is and what it has, asks for work with every beat, and sends what its
// runs write and how they end, again and again until the daemon has it.

import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import { steadyNow } from '../lifecycle/steady-clock.ts';
import { WorkerEnd } from '../remote/conversation.ts';
import type { WorkerToken } from '../remote/token.ts';
import { type OpenWire, streamName, type Wire } from '../remote/wire.ts';
import type { About, Down, HeldRun, LeaseTerms, Up } from '../worker/remote/messages.ts';
import type { HostRun } from './host-run.ts';
import type { Grant, HostRuns } from './host-runs.ts';
import { Sender } from './sender.ts';

export interface UplinkOptions {
  readonly token: WorkerToken;
  readonly openWire: OpenWire;
  readonly about: () => About;
  readonly runs: HostRuns;
  readonly note: (fields: Record<string, unknown>, message: string) => void;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** Beats that may stay without an answer before the conversation is begun anew. */
const mostUnanswered = 3;
const shortestPauseMs = 100;
const longestPauseMs = 5_000;
/** Until the daemon says what its terms are. */
const firstBeatMs = 2_000;
const rememberedBeats = 256;

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #end: WorkerEnd<Down, Up>;
  readonly #stopped = new AbortController();
  readonly #sender: Sender;
  /** When each beat was said, on the steady clock. */
  readonly #sentAt = new Map<number, number>();
  #terms: LeaseTerms | null = null;
  #wire: Wire | null = null;
  #beats = 0;
  #answered = 0;
  #talk = 0;
  #drains = false;
  #complaint = '';
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { token } = options;
    this.#end = new WorkerEnd<Down, Up>({
      address: token,
      key: token.key,
      send: (stream, text) => this.#wire?.send(stream, text),
      onLetter: ({ message }) => this.#hear(message),
      onBroken: () => this.#begin(),
    });
    const onError = (error: unknown, run: HostRun): void =>
      options.onError(error, { runId: run.claim.runId, part: 'journal' });
    this.#sender = new Sender({ end: this.#end, talk: () => this.#talk, onError });
  }

  /** Kept between the end of a run and that of its lease; what the daemon said last. */
  get marginMs(): number {
    return this.#terms?.marginMs ?? 0;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Takes no more runs. */
  drain(): void {
    this.#drains = true;
    this.#beat();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wire?.end(new Error('The worker stops.'));
    await this.#running;
  }

  /** There is more to tell of a run. */
  news(run: HostRun): void {
    this.#sender.send(run);
  }

  /** A grant that nothing comes of. */
  refuse({ brief: { runId }, token }: Grant, why: string, declines: boolean): void {
    this.#options.note({ runId, why }, 'a job was not taken');
    this.#end.say({ type: 'unused', runId, token, why, declines });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { token, openWire, note } = this.#options;
    const stream = streamName(token, 'down');
    let pauseMs = shortestPauseMs;
    // In this absence: behind a proxy one attempt fails so and the next one so, for hours.
    const told = new Set<string>();
    while (!signal.aborted) {
      try {
        const onText = (_: string, text: string): void => this.#end.listen(text);
        const wire = await openWire({ streams: () => [stream], onText }, signal);
        this.#wire = wire;
        told.clear();
        pauseMs = shortestPauseMs;
        this.#begin();
        // It was opened while all else stopped.
        if (signal.aborted) wire.end(new Error('The worker stops.'));
        const lost = await wire.ended;
        this.#wire = null;
        this.#end.close();
        if (!signal.aborted) note({ why: lost.message }, 'redis was lost; runs go on');
        await wire.close();
      } catch (error) {
        const why = messageOf(error);
        if (!signal.aborted && !told.has(why)) note({ why }, 'redis cannot be reached; runs go on');
        told.add(why);
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
    }
  }

  /** A conversation from its beginning. */
  #begin(): void {
    if (this.#stopped.signal.aborted) return;
    this.#talk += 1;
    this.#answered = this.#beats;
    const n = this.#nextBeat();
    this.#end.begin({ type: 'ready', n, about: this.#options.about(), runs: this.#held() });
    this.#armBeat();
  }

  #nextBeat(): number {
    this.#beats += 1;
    this.#sentAt.set(this.#beats, steadyNow());
    this.#sentAt.delete(this.#beats - rememberedBeats);
    return this.#beats;
  }

  #armBeat(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Without an answer for so long, one side has lost something, or the other is not there.
      if (!this.#end.isOpen || this.#beats - this.#answered > mostUnanswered) {
        if (this.#wire === null) return;
        this.#begin();
      } else this.#beat();
    }, this.#terms?.beatMs ?? firstBeatMs);
  }

  #beat(): void {
    const n = this.#nextBeat();
    const { heard } = this.#end;
    this.#end.say({ type: 'beat', n, heard, drains: this.#drains, runs: this.#held() });
    this.#armBeat();
  }

  #held(): HeldRun[] {
    return this.#options.runs.runs.map(({ claim: { runId, token } }) => ({ runId, token }));
  }

  #hear(message: Down): void {
    const { runs } = this.#options;
    switch (message.type) {
      case 'terms':
        this.#terms = message.terms;
        this.#complaint = '';
        this.#options.note({ lease: message.terms.leaseMs }, 'connected');
        this.#beat();
        for (const run of runs.runs) {
          for (const transit of Object.values(run.transit)) transit.sent = transit.acknowledged;
          this.news(run);
        }
        return;
      case 'refused':
        if (message.why !== this.#complaint)
          this.#options.note({ why: message.why }, 'the daemon does not take this worker');
        this.#complaint = message.why;
        this.#end.close();
        return;
      case 'ack':
        this.#acknowledge(message);
        return;
      case 'grant':
        if (this.#terms !== null && !this.#drains) {
          const askedAt = this.#sentAt.get(message.beat) ?? -Infinity;
          runs.take(message, askedAt + this.#terms.leaseMs);
        } else this.refuse(message, 'The worker stops.', false);
        return;
      case 'got':
        this.#got(message);
        return;
      case 'order':
        runs.order(message.runId, message.number, message.order);
        return;
      case 'settled':
        runs.settled(message.runId);
        return;
      case 'again':
        this.#begin();
    }
  }

  #acknowledge({ n, kept, gone }: Extract<Down, { type: 'ack' }>): void {
    const { runs } = this.#options;
    this.#answered = Math.max(this.#answered, n);
    const sentAt = this.#sentAt.get(n);
    if (sentAt !== undefined && this.#terms !== null)
      for (const runId of kept) runs.extend(runId, sentAt + this.#terms.leaseMs);
    for (const runId of gone) runs.lose(runId);
  }

  #got({ runId, file, bytes, rewind }: Extract<Down, { type: 'got' }>): void {
    const run = this.#options.runs.find(runId);
    if (run === null) return;
    const transit = run.transit[file];
    transit.acknowledged = bytes;
    if (rewind === true) run.reportedIn = -1;
    transit.sent = rewind === true ? bytes : Math.max(transit.sent, bytes);
    this.news(run);
  }
}
