// A client that outlives the daemon it talks to: after a restart it finds the new port and goes on.

import { setTimeout as delay } from 'node:timers/promises';
import { readToken } from '../config/token.ts';
import { HomerError } from '../core/errors.ts';
import { createClient, readiness, type Client } from './client.ts';
import { ensureDaemon, type Say } from './launch.ts';
import { locateDaemon } from './locate.ts';

export interface Connection {
  readonly client: Client;
  /** Waits for a daemon that is ready, be it the same or the next one. Rejects with the signal's reason. */
  renew(signal: AbortSignal): Promise<void>;
}

export interface ConnectionOptions {
  readonly home: string;
  readonly say: Say;
  /** When no daemon runs for a while: start one, or give up with HOMER_NOT_RUNNING. */
  readonly whenStopped: 'start' | 'fail';
}

const lookMs = 100;
/** A restart takes less; whoever is gone for longer was stopped or has crashed. */
const absentMs = 3_000;
/** Somebody holds the lock and answers nothing for this long: told, and waited for. */
const silentMs = 15_000;

export function createConnection(first: Client, options: ConnectionOptions): Connection {
  let client = first;
  return {
    get client() {
      return client;
    },
    async renew(signal) {
      client = await findReady(options, signal);
    },
  };
}

async function findReady(
  { home, say, whenStopped }: ConnectionOptions,
  signal: AbortSignal,
): Promise<Client> {
  let stoppedSince: number | null = null;
  let tellAt = Date.now() + silentMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await locateDaemon(home);
    if (found.state === 'running' && (await readiness(found.record)) === 'ready')
      return createClient(found.record, readToken(home));
    const now = Date.now();
    stoppedSince = found.state === 'stopped' ? (stoppedSince ?? now) : null;
    if (stoppedSince !== null && now - stoppedSince >= absentMs) {
      if (whenStopped === 'fail') throw new HomerError('HOMER_NOT_RUNNING', 'Homer was stopped.');
      say('Homer does not run any more; starting it.');
      const { record } = await ensureDaemon(home, say);
      return createClient(record, readToken(home));
    }
    if (now >= tellAt) {
      say('Homer is there but not ready; still waiting for it.');
      tellAt = now + silentMs;
    }
    await delay(lookMs, null, { signal });
  }
}
