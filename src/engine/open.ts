// Opens the engine that the configuration names; the only file that knows the drivers.

import type { Config } from '../config/config.ts';
import { isRedisUrl, type EngineConfig } from '../config/engine.ts';
import { resolveSecret } from '../config/secrets.ts';
import { HomerError } from '../core/errors.ts';
import { BullmqEngine } from './bullmq/engine.ts';
import { describeDurability, warningsOf } from './bullmq/facts.ts';
import type { OpenWire } from '../remote/wire.ts';
import { EmbeddedEngine } from './embedded.ts';
import type { Engine, EngineOptions, Transport } from './engine.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface OpenEngineOptions extends EngineOptions {
  /** Where secrets are looked up. */
  readonly env: Env;
  /** Told what keeps the engine from working as configured; null when it does again. */
  readonly onTrouble?: (error: HomerError | null) => void;
}

/** Returns at once; what it is built on is connected to in the background, from `receive` on. */
export function openEngine(config: Config['engine'], options: OpenEngineOptions): Engine {
  if (config.kind === 'embedded') return new EmbeddedEngine(options);
  return new BullmqEngine({ ...options, prefix: config.prefix, url: () => urlOf(config, options.env) });
}

/** Connects, looks and leaves, for `homer doctor`. HOMER_REDIS, HOMER_SECRET_MISSING; null where there is nothing to look at. */
export async function examineEngine(config: EngineConfig, env: Env): Promise<Transport | null> {
  if (config.kind === 'embedded') return null;
  const { examineRedis } = await import('./bullmq/connection.ts');
  const facts = await examineRedis(await urlOf(config, env));
  return { kind: 'redis', state: 'up', durability: describeDurability(facts), warnings: warningsOf(facts) };
}

/** What carries messages between a daemon and its workers; null where the engine reaches nobody. */
export function wireOf(config: EngineConfig, env: Env): OpenWire | null {
  if (config.kind === 'embedded') return null;
  return async (options, signal) => {
    const url = await urlOf(config, env);
    // Loaded only where it is used: it takes longer than all else that Homer loads.
    const { openRedisWire } = await import('./bullmq/wire.ts');
    return openRedisWire(url, options, signal);
  };
}

async function urlOf({ url }: Extract<EngineConfig, { kind: 'bullmq' }>, env: Env): Promise<string> {
  const text = await resolveSecret(url, env);
  if (isRedisUrl(text)) return text;
  throw new HomerError(
    'HOMER_REDIS',
    'What `engine.url` leads to is not an address like redis://127.0.0.1:6379.',
  );
}
