// Where the daemon meets its workers on other hosts: it knows who is there, lends them runs for as long as they are heard of, and takes
// what they report. Whether anything is so, the ledger decides.

import { setTimeout as delay } from 'node:timers/promises';
import type { RunId } from '../../core/ids.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { steadyNow } from '../../lifecycle/steady-clock.ts';
import { DaemonEnd } from '../../remote/conversation.ts';
import { type OpenWire, streamName, type Wire } from '../../remote/wire.ts';
import { persist } from '../persist.ts';
import { DeskHand } from './desk-hand.ts';
import { isAbout } from './about.ts';
import { protocolVersion, type About, type Down, type LeaseTerms, type Up } from './messages.ts';
import { orderNumbers, readOrder } from '../../runner/records.ts';
import { join } from 'node:path';
import { fileNames } from '../../runner/files.ts';
import type { RemoteRun } from './remote-run.ts';
import type { Seat } from './seat.ts';

export interface DeskOptions {
  readonly ledger: Ledger;
  readonly prefix: string;
  readonly terms: () => LeaseTerms;
  /** Null: the engine reaches nobody. */
  readonly openWire: OpenWire | null;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
  readonly note: (fields: Record<string, unknown>, message: string) => void;
}

const lookMs = 250;
const shortestPauseMs = 100;
const longestPauseMs = 5_000;
const noteSeenMs = 60_000;

export class Desk {
  readonly #options: DeskOptions;
  readonly #seats = new Map<string, Seat>();
  readonly #runs = new Map<RunId, RemoteRun>();
  readonly #stopped = new AbortController();
  readonly #hand: DeskHand;
  #wire: Wire | null = null;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#hand = new DeskHand({ ...options, say: (host, message) => this.say(host, message) });
    this.reload();
  }

  get seats(): readonly Seat[] {
    return [...this.#seats.values()];
  }

  /** Returns at once; workers come when they can. */
  start(): void {
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#running = this.#run();
  }

  /** Nothing of it is left running. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#wire?.end(new Error('Homer stops.'));
    await this.#running;
  }

  /** Workers were let in or taken away. */
  reload(): void {
    const { ledger, prefix } = this.#options;
    const { generation } = ledger;
    const records = ledger.workers.all();
    for (const [name, seat] of this.#seats) {
      if (records.some((record) => record.name === name && record.key === seat.record.key)) continue;
      seat.end.close();
      this.#seats.delete(name);
    }
    for (const record of records) {
      if (this.#seats.has(record.name)) continue;
      const { name, key } = record;
      const seat: Seat = {
        record,
        end: new DaemonEnd<Up, Down>({
          address: { prefix, generation, name },
          key: Buffer.from(key, 'hex'),
          send: (stream, text) => this.#wire?.send(stream, text),
          onLetter: ({ message, body }, isFirst) => this.#hear(seat, message, body, isFirst),
          onBroken: () => void seat.end.say({ type: 'again' }),
        }),
        about: record.about === null ? null : (JSON.parse(record.about) as About),
        isUp: false,
        drains: false,
        heardAt: -Infinity,
        seenAt: record.seenAt,
        beat: 0,
        talk: 0,
      };
      this.#seats.set(name, seat);
    }
  }

  /** Its number; null: the worker is not there. */
  say(host: string, message: Down): number | null {
    return this.#seats.get(host)?.end.say(message) ?? null;
  }

  add(run: RemoteRun): void {
    this.#runs.set(run.run.claim.runId, run);
  }

  delete(run: RemoteRun): void {
    this.#runs.delete(run.run.claim.runId);
  }

  /** Passes on what lies in the inbox of the run's mirror, each order once in a conversation. */
  passOrders(remote: RemoteRun): void {
    const inbox = join(remote.run.directory, fileNames.inbox);
    const { runId } = remote.run.claim;
    for (const number of orderNumbers(inbox)) {
      if (number <= remote.ordered) continue;
      const order = readOrder(inbox, number);
      if (order !== null && this.say(remote.host, { type: 'order', runId, number, order }) === null) return;
      remote.ordered = number;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { prefix, ledger, openWire } = this.#options;
    let pauseMs = shortestPauseMs;
    while (!signal.aborted && openWire !== null) {
      const addresses = (): Map<string, Seat> =>
        new Map(
          this.seats.map((seat) => [
            streamName({ prefix, generation: ledger.generation, name: seat.record.name }, 'up'),
            seat,
          ]),
        );
      try {
        const wire = await openWire(
          {
            streams: () => [...addresses().keys()],
            onText: (stream, text) => addresses().get(stream)?.end.listen(text),
          },
          signal,
        );
        pauseMs = shortestPauseMs;
        this.#wire = wire;
        // It was opened while all else stopped.
        if (signal.aborted) wire.end(new Error('Homer stops.'));
        await wire.ended;
        this.#wire = null;
        for (const { end } of this.seats) end.close();
        await wire.close();
      } catch {
        // The engine, which is on the same Redis, says what is wrong with it.
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
    }
  }

  /** Who was not heard of for long is away; what was lent to him comes back when its time is over. */
  #look(): void {
    const now = steadyNow();
    const { beatMs, leaseMs } = this.#options.terms();
    for (const seat of this.#seats.values())
      if (seat.isUp && now - seat.heardAt > 3 * beatMs) this.#noteAway(seat);
    for (const remote of this.#runs.values()) {
      if (now < remote.leaseEndsAt) continue;
      const why = `The worker "${remote.host}" was not heard of for ${leaseMs / 1_000} s.`;
      remote.end({ how: 'lost', why });
    }
  }

  #hear(seat: Seat, message: Up, body: Buffer, isFirst: boolean): void {
    seat.heardAt = steadyNow();
    const now = this.#options.ledger.now();
    if (seat.seenAt === null || now - seat.seenAt > noteSeenMs) this.#noteSeen(seat);
    seat.seenAt = now;
    try {
      if (isFirst && message.type !== 'ready') seat.end.close();
      else if (message.type === 'ready') this.#welcome(seat, message);
      else if (message.type === 'beat') this.#beat(seat, message);
      else this.#report(seat, message, body);
    } catch (error) {
      // What it says again in the next conversation may fare better; nothing of it was believed.
      this.#options.onError(error, { worker: seat.record.name, message: message.type });
      seat.end.say({ type: 'again' });
      seat.end.close();
    }
  }

  #welcome(seat: Seat, { n, about, runs }: Extract<Up, { type: 'ready' }>): void {
    const { terms } = this.#options;
    const why = !isAbout(about)
      ? 'It says nothing of itself that could be understood.'
      : about.protocol !== protocolVersion
        ? `It speaks version ${about.protocol}, this Homer version ${protocolVersion}: both must be of the same version.`
        : seat.isUp && seat.about !== null && seat.about.instance !== about.instance
          ? `Another worker with this token is there: ${seat.about.hostname}, pid ${seat.about.pid}.`
          : null;
    if (why !== null) {
      this.#options.note({ worker: seat.record.name, why }, 'a worker was refused');
      seat.end.say({ type: 'refused', why });
      seat.end.close();
      return;
    }
    const isNews = !seat.isUp || JSON.stringify(seat.about) !== JSON.stringify(about);
    Object.assign(seat, { about, isUp: true, drains: false, beat: n, talk: seat.talk + 1 });
    seat.end.say({ type: 'terms', terms: terms() });
    for (const remote of this.#runsOf(seat)) {
      const isThere = runs.some(
        ({ runId, token }) => runId === remote.run.claim.runId && remote.isOfClaim(token),
      );
      if (isThere) remote.isHeld = true;
      // The conversation in which it was granted is over: it never came, and will not come.
      else if (!remote.isHeld)
        remote.end({ how: 'unused', why: 'It did not reach the worker.', declines: false });
      remote.ordered = 0;
      this.passOrders(remote);
    }
    if (!isNews) return this.#wake();
    this.#options.note(
      { worker: seat.record.name, host: about.hostname, runs: runs.length },
      'a worker is there',
    );
    this.#noteSeen(seat, 'worker.up');
  }

  #beat(seat: Seat, { n, heard, drains, runs }: Extract<Up, { type: 'beat' }>): void {
    const { leaseMs } = this.#options.terms();
    const wasDraining = seat.drains;
    Object.assign(seat, { beat: n, drains });
    const kept: RunId[] = [];
    const gone: RunId[] = [];
    for (const { runId, token } of runs) {
      const remote = this.#runs.get(runId);
      if (remote?.host !== seat.record.name || !remote.isOfClaim(token)) {
        gone.push(runId);
        continue;
      }
      remote.isHeld = true;
      remote.leaseEndsAt = steadyNow() + leaseMs;
      kept.push(runId);
    }
    for (const remote of this.#runsOf(seat)) {
      const { grantedIn } = remote;
      const isPast = grantedIn?.talk === seat.talk && grantedIn.message <= heard;
      if (!remote.isHeld && isPast)
        remote.end({ how: 'unused', why: 'The worker does not have it.', declines: false });
    }
    seat.end.say({ type: 'ack', n, kept, gone });
    if (wasDraining && !drains) this.#wake();
  }

  #report(seat: Seat, message: Exclude<Up, { type: 'ready' | 'beat' }>, body: Buffer): void {
    const { runId } = message;
    const remote = this.#runs.get(runId);
    const isIts =
      remote?.host === seat.record.name && (!('token' in message) || remote.isOfClaim(message.token));
    // Somebody else has it, or nobody needs it any more: it is told to let go.
    if (remote === undefined || !isIts) seat.end.say({ type: 'ack', n: 0, kept: [], gone: [runId] });
    else this.#hand.take(remote, message, body);
  }

  #runsOf({ record }: Seat): RemoteRun[] {
    return [...this.#runs.values()].filter(({ host }) => host === record.name);
  }

  #noteAway(seat: Seat): void {
    seat.isUp = false;
    this.#options.note({ worker: seat.record.name }, 'a worker is away');
    this.#noteSeen(seat, 'worker.away');
  }

  /** With an event the lanes are looked at again, since there are other hosts than before. */
  #noteSeen(seat: Seat, event: 'worker.up' | 'worker.away' | null = null): void {
    const { ledger, onError } = this.#options;
    const { name } = seat.record;
    const note = (): void => {
      const now = ledger.now();
      ledger.workers.noteSeen(name, seat.about, seat.seenAt ?? now);
      if (event !== null) ledger.events.append(now, event, null, null, { worker: name });
      if (event === 'worker.up') ledger.placing.releaseParked(now);
    };
    persist(ledger, note, this.#stopped.signal).catch((error: unknown) => {
      if (!this.#stopped.signal.aborted) onError(error, { worker: name });
    });
  }

  #wake(): void {
    const { ledger, onError } = this.#options;
    ledger
      .commit(() => ledger.placing.releaseParked(ledger.now()))
      .catch((error: unknown) => onError(error, { part: 'workers' }));
  }
}
