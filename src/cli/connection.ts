// A client that outlives the daemon it talks to: after a restart it finds the new port and goes on.

import { setTimeout as delay } from 'node:timers/promises';
import { readToken } from '../config/token.ts';
import { HomerError } from '../core/errors.ts';
import { readRecord } from '../lifecycle/record.ts';
import { createClient, readiness, type Client } from './client.ts';
import { ensureDaemon, type Say } from './launch.ts';
import { locateDaemon } from './locate.ts';

export interface Connection {
  readonly client: Client;
  /**
   * Waits for a daemon that is ready, be it the same or the next one. Rejects with the signal's reason, and with
   * HOMER_NOT_RUNNING when Homer was stopped in order: who did that does not want it back.
   */
  renew(signal: AbortSignal, say?: Say): Promise<void>;
}

export interface ConnectionOptions {
  readonly home: string;
  readonly say: Say;
  /** When the daemon has crashed and nobody started another: start one, or give up with HOMER_NOT_RUNNING. */
  readonly whenCrashed: 'start' | 'fail';
}

const lookMs = 100;
/** A restart takes less; whoever is gone for longer has crashed. */
const absentMs = 3_000;
/** One that has stopped in order may be about to be started again, on a machine that is busy. */
const stoppedMs = 5_000;
/** Somebody holds the lock and answers nothing for this long: told, and waited for. */
const silentMs = 15_000;

export function createConnection(first: Client, options: ConnectionOptions): Connection {
  let client = first;
  return {
    get client() {
      return client;
    },
    async renew(signal, say = options.say) {
      client = await findReady({ ...options, say }, signal);
    },
  };
}

async function findReady(
  { home, say, whenCrashed }: ConnectionOptions,
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
      // The record is taken away by a daemon that stops in order, and only by that.
      const isInOrder = (await readRecord(home)) === null;
      if (isInOrder && now - stoppedSince >= stoppedMs)
        throw new HomerError('HOMER_NOT_RUNNING', 'Homer was stopped.');
      if (!isInOrder) {
        if (whenCrashed === 'fail')
          throw new HomerError('HOMER_NOT_RUNNING', 'Homer has ended without being told to.');
        say('Homer does not run any more; starting it.');
        const { record } = await ensureDaemon(home, say);
        return createClient(record, readToken(home));
      }
    }
    if (now >= tellAt) {
      say('Homer is there but not ready; still waiting for it.');
      tellAt = now + silentMs;
    }
    await delay(lookMs, null, { signal }).catch((error: unknown) => {
      // Its own error says less than the reason.
      signal.throwIfAborted();
      throw error;
    });
  }
}
