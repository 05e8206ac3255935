// One connection to Redis that is looked at before it is used. It never reconnects: who loses it opens another.

import { Redis } from 'ioredis';
import { factsFrom, whyUnsuitable, type RedisFacts } from './facts.ts';
import { placeOf, redisError, within } from './reason.ts';
import { HomerError } from '../../core/errors.ts';

const patienceMs = 3_000;
const settings = ['appendonly', 'appendfsync', 'save', 'maxmemory-policy'] as const;

export interface Connection {
  readonly redis: Redis;
  /** Host and port, for people. */
  readonly where: string;
  readonly facts: RedisFacts;
}

/** HOMER_REDIS when it is not there within 3 s, or is one that cannot be used, or at the signal. */
export async function connect(url: string, signal?: AbortSignal): Promise<Connection> {
  const where = placeOf(url);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: patienceMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: null,
    // A command in flight when the connection broke may have been done: nobody sends it again unasked.
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: true,
    keepAlive: 10_000,
  });
  const giveUp = (): void => redis.disconnect();
  signal?.addEventListener('abort', giveUp);
  let last: Error | null = null;
  redis.on('error', (error: Error) => (last ??= error));
  try {
    signal?.throwIfAborted();
    await within(patienceMs, redis.connect(), 'It did not answer');
    const facts = await within(patienceMs, askFacts(redis), 'It did not tell what it is');
    const reason = whyUnsuitable(facts);
    if (reason !== null) throw new HomerError('HOMER_REDIS', `redis at ${where}: ${reason}`);
    return { redis, where, facts };
  } catch (error) {
    redis.disconnect();
    // Why the connection broke says more than that it did.
    throw redisError(where, error instanceof HomerError ? error : (last ?? error));
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

async function askFacts(redis: Redis): Promise<RedisFacts> {
  const info = await redis.info();
  const config: Record<string, string> = {};
  for (const setting of settings) {
    try {
      const [, value] = (await redis.config('GET', setting)) as readonly string[];
      if (value !== undefined) config[setting] = value;
    } catch {
      // Managed ones forbid CONFIG; what is not known is said to be unknown.
      return factsFrom(info, null);
    }
  }
  return factsFrom(info, config);
}

/** What `homer doctor` says: connects, looks, leaves. */
export async function examineRedis(url: string): Promise<RedisFacts> {
  const { redis, facts } = await connect(url);
  redis.disconnect();
  return facts;
}
