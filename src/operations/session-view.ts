// A session as the contract shows it: times in ISO 8601 UTC, unknown is null.

import { resolve } from 'node:path';
import { z } from 'zod';
import { sessionStates } from '../core/session.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SessionRecord } from '../ledger/sessions.ts';

const time = z.iso.datetime().nullable();

export const sessionView = z.object({
  id: z.string(),
  name: z.string(),
  /** The source of its first message. */
  channel: z.string().nullable(),
  executor: z.string(),
  /** Null: its next turn begins a fresh one. */
  agentSessionId: z.string().nullable(),
  cwd: z.string(),
  snapshotId: z.string().nullable(),
  lane: z.string(),
  createdAt: time,
  lastTurnAt: time,
  state: z.enum(sessionStates as readonly [string, ...string[]]),
  /** Id of the session that it began as a copy of. */
  forkedFrom: z.string().nullable(),
});

export type SessionView = z.infer<typeof sessionView>;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** `home`: absolute path of the state directory. */
export function viewSession(session: SessionRecord, ledger: Ledger, home: string): SessionView {
  return {
    id: session.id,
    name: session.name,
    channel: session.channel,
    executor: session.executor,
    agentSessionId: session.agentSessionId,
    cwd: resolve(home, session.cwd),
    snapshotId: session.snapshotId,
    lane: session.lane,
    createdAt: iso(session.createdAt),
    lastTurnAt: iso(session.lastTurnAt),
    state: ledger.sessions.stateOf(session),
    forkedFrom: session.forkedFrom,
  };
}
