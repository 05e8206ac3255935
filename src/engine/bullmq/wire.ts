// The streams between a daemon and its workers, on Redis. They hold what is on its way and no more: what was read is removed, and
// a stream that nobody reads is cut off at its end.

import type { Redis } from 'ioredis';
import type { HomerError } from '../../core/errors.ts';
import type { Wire, WireOptions } from '../../remote/wire.ts';
import { connect, type Connection } from './connection.ts';
import { redisError, within } from './reason.ts';

const patienceMs = 2_000;
/** Longer than what both ends have under way at a time; cut off only where nobody reads. */
const mostEntries = 4_096;
const batch = 64;
/** A blocked read sees no new streams: this is how long one has to wait. */
const blockMs = 1_000;

/** HOMER_REDIS when Redis is not there or cannot be used. */
export async function openRedisWire(url: string, options: WireOptions, signal: AbortSignal): Promise<Wire> {
  const writer = await connect(url, signal);
  try {
    const reader = await connect(url, signal);
    const wire = new RedisWire(writer, reader, options);
    wire.read();
    return wire;
  } catch (error) {
    writer.redis.disconnect();
    throw error;
  }
}

class RedisWire implements Wire {
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #options: WireOptions;
  readonly #ended = Promise.withResolvers<HomerError>();
  #isOver = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(writer: Connection, reader: Connection, options: WireOptions) {
    this.#writer = writer;
    this.#reader = reader;
    this.#options = options;
    for (const { redis } of [writer, reader]) {
      redis.once('close', () => this.end(new Error('The connection was lost.')));
      redis.on('error', (error: Error) => this.end(error));
    }
  }

  get ended(): Promise<HomerError> {
    return this.#ended.promise;
  }

  send(stream: string, text: string): void {
    if (this.#isOver) return;
    const added = this.#writer.redis.xadd(stream, 'MAXLEN', '~', mostEntries, '*', 'm', text);
    within(patienceMs, added, 'It did not take what was sent').catch((error: unknown) => this.end(error));
  }

  end(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.resolve(redisError(this.#writer.where, reason));
    for (const { redis } of [this.#writer, this.#reader]) redis.disconnect();
  }

  async close(): Promise<void> {
    this.end(new Error('It was closed.'));
    await this.#reading;
  }

  read(): void {
    this.#reading = this.#follow().catch((error: unknown) => this.end(error));
  }

  async #follow(): Promise<void> {
    const after = new Map<string, string>();
    while (!this.#isOver) {
      const streams = this.#options.streams();
      const from = streams.map((stream) => after.get(stream) ?? '0-0');
      const read = readStreams(this.#reader.redis, streams, from);
      for (const { stream, entries } of await within(blockMs + patienceMs, read, 'It did not answer')) {
        for (const { id, text } of entries) {
          after.set(stream, id);
          if (!this.#isOver) this.#options.onText(stream, text);
        }
        const last = entries.at(-1)?.id;
        if (last !== undefined) this.#remove(stream, last);
      }
    }
  }

  /** All up to this one was read. */
  #remove(stream: string, id: string): void {
    const [ms = '0', count = '0'] = id.split('-');
    const removed = this.#writer.redis.xtrim(stream, 'MINID', `${ms}-${BigInt(count) + 1n}`);
    removed.catch((error: unknown) => this.end(error));
  }
}

interface Read {
  readonly stream: string;
  readonly entries: readonly { readonly id: string; readonly text: string }[];
}

/** Waits for news, but no longer than a second. */
async function readStreams(
  redis: Redis,
  streams: readonly string[],
  from: readonly string[],
): Promise<readonly Read[]> {
  if (streams.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, blockMs));
    return [];
  }
  const answer = (await redis.xread('COUNT', batch, 'BLOCK', blockMs, 'STREAMS', ...streams, ...from)) as
    readonly [string, readonly [string, readonly string[] | null][]][] | null;
  return (answer ?? []).map(([stream, entries]) => ({
    stream,
    entries: entries.map(([id, fields]) => ({ id, text: fields?.[1] ?? '' })),
  }));
}
