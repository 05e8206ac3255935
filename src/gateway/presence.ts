// Who is connected to the gateway for longer than a request, and the word to those who want to know.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../operations/operation.ts';
import type { PresenceView } from '../operations/presence.ts';
import type { Peers } from './peer.ts';
import { loggable } from '../core/loggable.ts';

export interface Arrival {
  readonly kind: PresenceView['kind'];
  readonly caller: Caller;
  /** What it calls itself. */
  readonly client: string | null;
  readonly address: string;
}

/** One who is there. */
export interface Attendance {
  readonly id: string;
  /** Something came from it. */
  seen(): void;
  named(client: string): void;
  subscribed(topics: Iterable<string>): void;
  leave(): void;
}

export interface PresenceChange {
  readonly type: 'joined' | 'left';
  readonly present: PresenceView;
}

export class Presence {
  readonly #now: () => number;
  readonly #here = new Map<string, () => PresenceView>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();

  /** `now`: ms since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  arrive({ kind, caller, client, address }: Arrival): Attendance {
    const id = `w${randomBytes(9).toString('hex')}`;
    const since = this.#now();
    let lastSeen = since;
    let named = client;
    let topics: readonly string[] = [];
    const view = (): PresenceView => ({
      id,
      kind,
      tokenId: caller.tokenId,
      scopes: [...caller.scopes],
      client: named,
      address,
      topics: [...topics],
      since: new Date(since).toISOString(),
      lastSeen: new Date(lastSeen).toISOString(),
    });
    this.#here.set(id, view);
    this.#tell({ type: 'joined', present: view() });
    return {
      id,
      seen: () => {
        lastSeen = this.#now();
      },
      named: (name) => {
        named = name;
      },
      subscribed: (all) => {
        topics = [...all];
      },
      leave: () => {
        if (this.#here.delete(id)) this.#tell({ type: 'left', present: view() });
      },
    };
  }

  list(): readonly PresenceView[] {
    return [...this.#here.values()].map((view) => view());
  }

  /** Calls the listener when somebody comes or goes; returns how to end that. */
  subscribe(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: PresenceChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** A stream of HTTP is a presence too, for as long as it is open. */
export function arriveByStream(
  presence: Presence,
  peers: Pick<Peers, 'of'>,
  request: IncomingMessage,
  caller: Caller,
  topic: string,
  closed: AbortSignal,
): void {
  if (closed.aborted) return;
  const address = peers.of(request);
  const client = loggable(request.headers['user-agent']);
  const attendance = presence.arrive({ kind: 'stream', caller, client, address });
  attendance.subscribed([topic]);
  closed.addEventListener('abort', () => attendance.leave(), { once: true });
}
