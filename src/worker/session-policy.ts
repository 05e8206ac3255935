// What the configuration says of sessions, as far as it concerns the next turn of one.

import type { SessionsConfig } from '../config/config.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { persist } from './persist.ts';

/** Begins the conversation of the job's session afresh when its last turn is too long ago; a further try of a turn goes on. */
export async function resetIdleSession(
  ledger: Ledger,
  job: JobRecord,
  { idleResetMs }: SessionsConfig,
  signal: AbortSignal,
): Promise<void> {
  const session = job.sessionId === null ? null : ledger.sessions.find(job.sessionId);
  if (session === null || session.endedAt !== null || idleResetMs === null || job.fence > 1) return;
  const now = ledger.now();
  if (session.lastTurnAt === null || now - session.lastTurnAt <= idleResetMs) return;
  const begin = (): void => {
    ledger.sessions.reset(session, 'idle', now);
    ledger.sessionGrants.forget(session.id);
  };
  await persist(ledger, begin, signal);
}
