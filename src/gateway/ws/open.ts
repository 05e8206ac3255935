// Puts the WebSockets together from what the gateway and the daemon bring. Loaded late, with the operations.

import type { Health } from '../../health/components.ts';
import type { Performer } from '../../operations/perform.ts';
import type { RouteName } from '../../operations/routes.ts';
import type { EventLog } from '../event-stream.ts';
import type { RunStream } from '../run-stream.ts';
import type { Desk } from './connection.ts';
import { EventHub } from './event-hub.ts';
import { createSockets, type Sockets, type SocketsOptions } from './sockets.ts';

export interface SocketParts {
  readonly performer: Performer;
  readonly events: EventLog;
  readonly runs: RunStream;
  health(): Promise<Health> | Health;
  answered?(name: RouteName): void;
}

export interface OpenSocketsOptions
  extends
    Pick<Desk, 'now' | 'presence' | 'server' | 'authenticate' | 'record' | 'redact'>,
    Pick<SocketsOptions, 'onCount' | 'peerOf'> {
  readonly limits: Desk['limits'] & { readonly bodyBytes: number; readonly heartbeatMs: number };
}

/** A message holds what a body of HTTP may, and what is around it. */
const envelopeBytes = 4_096;

export function openSockets(parts: SocketParts, options: OpenSocketsOptions): Sockets {
  const { limits } = options;
  return createSockets({
    ...options,
    hub: new EventHub(parts.events, limits.gatherMs),
    runs: parts.runs,
    performer: parts.performer,
    messageBytes: limits.bodyBytes + envelopeBytes,
    heartbeatMs: limits.heartbeatMs,
    daemon: async () => (await parts.health()).daemon,
    answered: (name) => parts.answered?.(name as RouteName),
  });
}
