// What a gateway is made of, and the limits it keeps.

import type { UpdateDoor } from '../channels/door.ts';
import type { Health } from '../health/components.ts';
import type { HookDoor } from '../intake/hook-door.ts';
import type { LoginDesk } from '../operations/logins.ts';
import type { Performer } from '../operations/perform.ts';
import type { RouteName } from '../operations/routes.ts';
import type { Grant, TokenBook } from './auth.ts';
import type { MetricsPart } from './metrics-route.ts';
import type { BoardPart } from './board-routes.ts';
import type { EventLog } from './event-stream.ts';
import type { Log } from './log.ts';
import type { RunStream } from './run-stream.ts';
import { streamLimits, type StreamLimits } from './sse.ts';
import { socketLimits, type SocketLimits } from './ws/limits.ts';

export interface GatewayOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Literal address to listen on beside 127.0.0.1, which is also what it is by default. */
  readonly bind?: string;
  /** Further names to answer to, lower case. */
  readonly hosts: readonly string[];
  /** Addresses and networks of proxies, which are believed when they say for whom they ask. */
  readonly proxies?: readonly string[];
  /** The owner's. */
  readonly token: string;
  /** Tokens beside the owner's. */
  readonly grants?: readonly Grant[];
  readonly log: Log;
  readonly instanceId: string;
  readonly version: string;
  readonly limits?: Partial<GatewayLimits>;
  /** Takes secrets out of what is told of an error. */
  readonly redact?: (text: string) => string;
}

export interface GatewayLimits extends StreamLimits, SocketLimits {
  readonly bodyBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly portWaitMs: number;
  readonly mostConnections: number;
  /** Of one token, WebSockets aside. */
  readonly mostConnectionsEach: number;
  readonly answerStallMs: number;
  /** A body of a webhook must have arrived within this; ms. */
  readonly hookBodyMs: number;
}

export const gatewayLimits: GatewayLimits = {
  ...streamLimits,
  ...socketLimits,
  bodyBytes: 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  portWaitMs: 90_000,
  mostConnections: 512,
  mostConnectionsEach: 256,
  answerStallMs: 30_000,
  hookBodyMs: 10_000,
};

/** What the daemon brings once its ledger is open. */
export interface GatewayParts extends BoardPart, MetricsPart {
  readonly performer: Performer;
  readonly events: EventLog;
  readonly runs: RunStream;
  /** Without it nobody but the owner has a token. */
  readonly book?: TokenBook;
  /** Without it no browser can log in. */
  readonly logins?: LoginDesk;
  /** Without it there are no webhooks. */
  readonly hooks?: HookDoor;
  /** Without it Telegram brings nothing. */
  readonly updates?: UpdateDoor;
  health(): Promise<Health> | Health;
  /** Whether work can be taken now; left out, always. */
  isReady?(): Promise<boolean>;
  /** Called when the answer of an operation, or of a webhook, is out. */
  answered?(name: RouteName | 'hook'): void;
}
