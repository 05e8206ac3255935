// The time from one connection to Redis to its loss: a BullMQ queue per lane, and a worker at each. It starts from
// nothing (what an earlier one left in Redis is thrown away) and anything unusual ends it; the next one is told by the ledger what is to be done.

import { Queue, Worker, type Job } from 'bullmq';
import type { HomerError } from '../../core/errors.ts';
import type { JobId } from '../../core/ids.ts';
import { connect, type Connection } from './connection.ts';
import type { RedisFacts } from './facts.ts';
import type { Offer } from './offers.ts';
import { redisError, within } from './reason.ts';

const patienceMs = 2_000;

/**
 * Attempts and crashes are counted in the ledger: BullMQ is to retry nothing and to give nothing up. Its lock covers
 * the moment from taking an offer to the ledger's answer, never a run.
 */
const offerOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;
const workerOptions = { autorun: false, lockDuration: 30_000 } as const;
/** Of the locks: nobody else's are looked at. */
const token = 'homer';

export interface SessionOptions {
  readonly url: string;
  /** Of every key; no two ledgers have the same. */
  readonly prefix: string;
  /** A worker asks for the jobs; resolves when the ledger has answered. It must not reject. */
  readonly onRequest: (jobIds: readonly JobId[]) => Promise<void>;
  /** Jobs of it are offered and not asked for. */
  readonly isOpen: (offer: Offer) => boolean;
  /** A request is over on both sides. */
  readonly onAnswered: () => void;
}

interface OfferData {
  readonly jobs: readonly JobId[];
}

interface LaneQueue {
  readonly queue: Queue<OfferData>;
  readonly worker: Worker<OfferData>;
}

/** HOMER_REDIS when Redis is not there or cannot be used. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const connection = await connect(options.url, signal);
  const session = new Session(connection, options);
  try {
    await session.sweep();
  } catch (error) {
    await session.close();
    throw redisError(connection.where, error);
  }
  return session;
}

export class Session {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #lanes = new Map<string, LaneQueue>();
  readonly #ended = Promise.withResolvers<HomerError>();
  /** Taken from Redis, and not yet known there to be answered. */
  readonly #requests = new Set<string>();
  #isOver = false;

  constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
    connection.redis.once('close', () => this.end(new Error('The connection was lost.')));
    connection.redis.on('error', (error: Error) => this.end(error));
  }

  get facts(): RedisFacts {
    return this.#connection.facts;
  }

  /** Resolves with the reason when it is over. */
  get ended(): Promise<HomerError> {
    return this.#ended.promise;
  }

  get requestsUnderWay(): number {
    return this.#requests.size;
  }

  /** Throws away what earlier sessions left waiting: nobody knows whether it is still true. */
  async sweep(): Promise<void> {
    const { redis } = this.#connection;
    const lanes = await within(patienceMs, redis.smembers(this.#lanesKey), 'It did not answer');
    for (const lane of lanes) {
      const queue = this.#openQueue(lane);
      const swept = (async (): Promise<void> => {
        await queue.drain(true);
        await queue.clean(0, 0, 'failed');
        await queue.clean(0, 0, 'completed');
      })();
      await within(patienceMs, swept, `What is left of lane ${lane} was not removed`);
      await queue.close();
    }
    // Those that are used again are added again.
    await within(patienceMs, redis.del(this.#lanesKey), 'It did not answer');
  }

  /** Repeating it does no harm. Ends the session when Redis does not take them. */
  async push(offers: readonly Offer[]): Promise<void> {
    try {
      const pushed = Promise.all(offers.map((offer) => this.#push(offer)));
      await within(patienceMs, pushed, 'It did not take what was sent');
    } catch (error) {
      this.end(error);
    }
  }

  /**
   * Who makes an offer knows that there is one: this daemon's own worker asks for it in the same breath, and waits for no
   * news of it. What else is found in the queue before it is taken, too.
   */
  async #push(offer: Offer): Promise<void> {
    const { queue, worker } = this.#laneOf(offer.lane);
    const { stream } = this.#connection.redis;
    stream.cork();
    const added = queue.add('offer', { jobs: offer.jobIds }, { ...offerOptions, jobId: offer.id });
    await afterWhatIsSent();
    const taken = this.#take(worker);
    await afterWhatIsSent();
    stream.uncork();
    const [isTaken] = await Promise.all([taken, added]);
    for (let more = isTaken; more && this.#options.isOpen(offer);) more = await this.#take(worker);
  }

  /** Takes an offer back, unless a worker has it. */
  async remove({ id, lane }: Offer): Promise<void> {
    try {
      await within(patienceMs, this.#laneOf(lane).queue.remove(id), 'It did not answer');
    } catch (error) {
      this.end(error);
    }
  }

  /** Nothing of it is believed any more. Tolerates a second call. */
  end(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.resolve(redisError(this.#connection.where, reason));
  }

  /** Leaves nothing of it running, whatever state Redis is in. */
  async close(): Promise<void> {
    this.end(new Error('It was closed.'));
    const workers = [...this.#lanes.values()].map(({ worker }) => worker.close(true));
    const queues = [...this.#lanes.values()].map(({ queue }) => queue.close());
    this.#lanes.clear();
    // They may wait for a Redis that is not there; the connection that is cut below ends that.
    await within(500, Promise.allSettled([...workers, ...queues]), 'Not closed').catch(() => undefined);
    this.#connection.redis.disconnect();
  }

  /** Of the lanes that were used. */
  queues(): readonly object[] {
    return [...this.#lanes.values()].map(({ queue }) => queue);
  }

  get #lanesKey(): string {
    return `${this.#options.prefix}:lanes`;
  }

  #openQueue(lane: string): Queue<OfferData> {
    const queue = new Queue<OfferData>(queueName(lane), {
      connection: this.#connection.redis,
      prefix: this.#options.prefix,
      // It prints a warning of its own; what is to be said of this Redis is in `facts`.
      skipVersionCheck: true,
      streams: { events: { maxLen: 100 } },
    });
    queue.on('error', (error) => this.end(error));
    return queue;
  }

  #laneOf(lane: string): LaneQueue {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const { redis } = this.#connection;
    redis.sadd(this.#lanesKey, lane).catch((error: unknown) => this.end(error));
    const worker = new Worker<OfferData>(queueName(lane), null, {
      ...workerOptions,
      connection: redis,
      prefix: this.#options.prefix,
      skipVersionCheck: true,
    });
    worker.on('error', (error) => this.end(error));
    const opened = { queue: this.#openQueue(lane), worker };
    this.#lanes.set(lane, opened);
    return opened;
  }

  /** Takes the next offer of the lane, if there is one, and asks the ledger. */
  async #take(worker: Worker<OfferData>): Promise<boolean> {
    const job = await worker.getNextJob(token, { block: false });
    if (job === undefined || this.#isOver) return false;
    this.#answer(job).catch((error: unknown) => this.end(error));
    return true;
  }

  async #answer(job: Job<OfferData>): Promise<void> {
    const id = job.id ?? '';
    this.#requests.add(id);
    // Whoever can write to this Redis can put anything there; the ledger looks the jobs up, or there are none.
    const { data } = job as { readonly data: { readonly jobs?: unknown } | null };
    const jobs: readonly unknown[] = Array.isArray(data?.jobs) ? data.jobs : [];
    const asked = jobs.filter((id): id is JobId => typeof id === 'string');
    await this.#options.onRequest(asked);
    if (!this.#isOver) await job.moveToCompleted(undefined, token, false);
    this.#requests.delete(id);
    this.#options.onAnswered();
  }
}

/** Resolves when the commands that were begun in this turn have gone to the connection: their promises have had their say. */
function afterWhatIsSent(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

/** A lane may have any name, a queue none with a colon. */
function queueName(lane: string): string {
  return encodeURIComponent(lane.toWellFormed());
}
