// Sends what is in the outbox: line by line in order, awake only when there is something to send.

import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelOf } from '../channels/channel.ts';
import { decideDelivery, parseRoute, type OnUnknown, type SendOutcome } from '../core/delivery.ts';
import { isHomerError } from '../core/errors.ts';
import type { JobId } from '../core/ids.ts';
import type { DeliveryDraft, DeliveryRecord } from '../ledger/delivery-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Service } from '../lifecycle/service.ts';
import type { PassWaypoint } from '../lifecycle/waypoint.ts';
import { act, planStep, type Plan } from './attempt.ts';
import type { Turns } from './turns.ts';

export interface OutboxOptions {
  readonly ledger: Ledger;
  readonly channelOf: ChannelOf;
  readonly turns: Turns;
  /** The configured policy. */
  readonly onUnknown: () => OnUnknown;
  /** Files that the job left to be sent after its result; their keys make a repetition harmless. */
  readonly filesOf: (jobId: JobId) => readonly DeliveryDraft[];
  readonly pass: PassWaypoint;
  readonly onError: (error: unknown, context: Record<string, unknown>) => void;
}

/** Between two tries while the disk refuses. */
const retryMs = 2_000;
/** What is under way when Homer stops has this long; then it is cut and counts as unknown. */
const patienceMs = 5_000;

export class Outbox implements Service {
  readonly #options: OutboxOptions;
  readonly #busy = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** `stopping`: begin nothing; `cut`: end what is under way. */
  readonly #stopping = new AbortController();
  readonly #cut = new AbortController();
  #seen = -1;
  #unsubscribe: (() => void) | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#unsubscribe !== null || this.#stopping.signal.aborted) return;
    await this.#recover();
    this.#unsubscribe = this.#options.ledger.events.subscribe(() => this.#look());
    this.#look();
  }

  /** A channel was opened, or may do now what it could not: what waits for it goes on. */
  wake(): void {
    this.#seen = -1;
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#unsubscribe?.();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    const patience = setTimeout(() => this.#cut.abort(), patienceMs);
    await this.#options.turns.idle();
    clearTimeout(patience);
  }

  /** What an earlier boot was in the middle of: nobody knows whether it arrived. */
  async #recover(): Promise<void> {
    const { ledger, channelOf } = this.#options;
    const left = ledger.deliveries.interrupted();
    if (left.length === 0) return;
    const reason = 'Homer was killed between sending it and hearing that it arrived.';
    for (const delivery of left) {
      const channel = channelOf(parseRoute(delivery.target)?.channel ?? '');
      const plan = channel === null ? null : planStep(ledger, channel, delivery);
      const files = plan === null ? [] : filesAfter(this.#options, delivery, plan);
      await this.#keep(() => this.#settle(delivery, plan, { is: 'unknown', reason }, files, ledger.now()));
    }
  }

  #look(): void {
    const { deliveries } = this.#options.ledger;
    if (this.#seen === deliveries.changes || this.#stopping.signal.aborted) return;
    this.#seen = deliveries.changes;
    for (const line of deliveries.lines()) void this.#work(line);
  }

  /** Never rejects. */
  async #work(line: string): Promise<void> {
    if (this.#busy.has(line)) return;
    this.#busy.add(line);
    try {
      while (await this.#next(line));
    } catch (error) {
      this.#options.onError(error, { part: 'delivery', line });
      this.#later(line, retryMs);
    } finally {
      this.#busy.delete(line);
    }
  }

  /** True: there may be more to do at once. */
  async #next(line: string): Promise<boolean> {
    const { ledger, turns } = this.#options;
    if (this.#stopping.signal.aborted) return false;
    const first = ledger.deliveries.front(line);
    if (first === null) return false;
    const waitMs = (first.dueAt ?? 0) - ledger.now();
    if (waitMs > 0) {
      this.#later(line, waitMs);
      return false;
    }
    return turns.take(line, () => this.#step(line));
  }

  #later(line: string, ms: number): void {
    clearTimeout(this.#timers.get(line));
    const timer = setTimeout(() => {
      this.#timers.delete(line);
      void this.#work(line);
    }, ms);
    timer.unref();
    this.#timers.set(line, timer);
  }

  /** False: its channel is not open. */
  async #step(line: string): Promise<boolean> {
    const { ledger, channelOf, pass } = this.#options;
    // Looked at again: a person may have given up the one that was first.
    const delivery = ledger.deliveries.front(line);
    if (delivery === null || (delivery.dueAt ?? 0) > ledger.now()) return true;
    const target = parseRoute(delivery.target);
    const channel = target === null ? null : channelOf(target.channel);
    if (target === null || channel === null || !channel.isOpen()) return false;
    const plan = planStep(ledger, channel, delivery);
    if (plan.do === 'drop') {
      await this.#keep(() => ledger.deliveries.drop(delivery, plan.reason, ledger.now()));
      return true;
    }
    // Repeating it can do no harm, so a crash in the middle needs no trace.
    if (!plan.repeatable) await this.#keep(() => ledger.deliveries.begin(delivery));
    pass('d1-begun');
    const outcome = await act(channel, target, plan, this.#cut.signal);
    pass('d2-sent');
    const files = filesAfter(this.#options, delivery, plan);
    await this.#keep(() => this.#settle(delivery, plan, outcome, files, ledger.now()));
    pass('d3-stored');
    return true;
  }

  /** Writes down how an attempt ended; inside a transaction. */
  #settle(
    delivery: DeliveryRecord,
    plan: Plan | null,
    outcome: SendOutcome,
    files: readonly DeliveryDraft[],
    now: number,
  ): void {
    const { ledger, onUnknown } = this.#options;
    const ping = plan?.do === 'send' && plan.isPing === true;
    const step = decideDelivery(outcome, {
      repeatable: plan !== null && plan.do !== 'drop' && plan.repeatable,
      attempts: delivery.attempts + 1,
      onUnknown: delivery.onUnknown ?? onUnknown(),
    });
    // What it rings for is in place: whether it rang is not worth a second ring, let alone a dead letter.
    const done = ping && (outcome.is === 'unknown' || outcome.is === 'permanent');
    if (plan !== null && plan.do !== 'drop' && (step.to === 'advance' || done)) {
      const id = step.to === 'advance' ? step.messageId : '';
      const after = ledger.deliveries.advance(delivery, plan.after(id), now);
      if (after.state === 'delivered') for (const file of files) ledger.deliveries.add(file, now);
      return;
    }
    if (plan?.do === 'edit' && outcome.is === 'permanent' && outcome.gone === true) {
      // A person deleted it: what was to stand there goes into a message of its own.
      const messageIds = [...delivery.messageIds.slice(0, delivery.step), ''];
      ledger.deliveries.advance(delivery, { step: delivery.step, messageIds, done: false }, now);
      return;
    }
    if (step.to === 'advance') return;
    // The message that follows a job is worth nobody's decision; the result finds a place without it.
    const isMinor = step.to === 'end' && delivery.kind === 'status';
    ledger.deliveries.fail(delivery, isMinor ? { ...step, state: 'dropped' } : step, now);
  }

  /** Commits, however long the disk refuses: what was sent must not be forgotten. Rejects when it is cut. */
  async #keep(intent: () => void): Promise<void> {
    const { ledger } = this.#options;
    for (;;) {
      try {
        await ledger.commit(intent);
        return;
      } catch (error) {
        if (!isHomerError(error, 'HOMER_DISK_FULL') && !isHomerError(error, 'HOMER_READ_ONLY')) throw error;
      }
      await delay(retryMs, undefined, { signal: this.#cut.signal });
    }
  }
}

/** What is sent after the last step of a result. */
function filesAfter(
  { filesOf }: OutboxOptions,
  { kind, jobId }: DeliveryRecord,
  plan: Plan,
): readonly DeliveryDraft[] {
  const isLast = plan.do !== 'drop' && plan.after('').done;
  return isLast && kind === 'result' && jobId !== null ? filesOf(jobId) : [];
}
