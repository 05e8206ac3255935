// What a WebSocket may cost.

import type { BucketLimit } from '../../core/token-bucket.ts';

export interface SocketLimits {
  /** Beyond the connections of HTTP. */
  readonly mostSockets: number;
  /** Of one token. */
  readonly mostSocketsEach: number;
  readonly mostUnauthenticated: number;
  readonly authenticateMs: number;
  /** Of one connection, pings and pongs included; more and it is closed. */
  readonly messages: BucketLimit;
  readonly mostTopics: number;
  /** Calls of one connection that may be under way at once. */
  readonly mostCalls: number;
  /** A reader for whom this many bytes wait is sent no events, and its calls are not read, until they are gone. */
  readonly fullBytes: number;
  readonly tickMs: number;
  /** Events within this time go into one frame. */
  readonly gatherMs: number;
  /** How long a closed connection may take to answer that. */
  readonly closeMs: number;
}

export const socketLimits: SocketLimits = {
  mostSockets: 2_000,
  mostSocketsEach: 1_500,
  mostUnauthenticated: 32,
  authenticateMs: 3_000,
  messages: { burst: 2_000, perSecond: 1_000 },
  mostTopics: 64,
  mostCalls: 64,
  fullBytes: 128 * 1024,
  tickMs: 5_000,
  gatherMs: 40,
  closeMs: 1_000,
};
