// What can be listened to, and what is told then. docs/websocket.md has the words.

import type { Present } from './calls.ts';

export type EventsTopic = 'events' | `events:${'job' | 'session' | 'lane' | 'type'}=${string}`;
export type RunTopic = `run:${string}`;
export type Topic = EventsTopic | RunTopic | 'presence';

/** One thing that happened. */
export interface HomerEvent {
  readonly cursor: string;
  /** ISO 8601. */
  readonly at: string;
  /** Such as `job.succeeded`. */
  readonly type: string;
  readonly jobId: string | null;
  readonly runId: string | null;
  readonly sessionId: string | null;
  readonly lane: string | null;
  readonly data: unknown;
}

export interface EventsMessage {
  readonly topic: string;
  readonly cursor: string;
  readonly events: readonly HomerEvent[];
}

export interface RunMessage {
  readonly topic: string;
  readonly cursor: string;
  readonly entries: readonly { readonly n: number; readonly type: string; readonly [key: string]: unknown }[];
  /** The run has ended, and nothing more comes. */
  readonly end?: { readonly verdict?: string | null };
}

export interface PresenceMessage {
  readonly topic: 'presence';
  /** `here`: these are all who are there, told first and after each reconnect. */
  readonly type: 'here' | 'joined' | 'left';
  readonly present: Present | readonly Present[];
}

export type MessageOf<Name extends Topic> = Name extends 'presence'
  ? PresenceMessage
  : Name extends RunTopic
    ? RunMessage
    : EventsMessage;

/** Why a topic does not go on from where it was: look at the whole again. */
export interface Reset {
  readonly reason: 'malformed' | 'generation' | 'future' | 'pruned';
  readonly cursor: string;
}
