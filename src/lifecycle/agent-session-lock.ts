// The lock on one session of an agent, in the agent's own HOME: whoever works in the session holds it, a run of Homer or
// a person at a terminal. Two at once lose what one of them says (measured with Claude Code: both end well, one turn is gone).

import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, type Lock } from './lock.ts';

/** The directory whose kernel lock stands for the session. Ids come from agents: what could lead elsewhere is hashed. */
export function agentSessionDirectory(home: string, kind: string, id: string): string {
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(id);
  const name = isPlain ? id : createHash('sha256').update(id).digest('hex');
  return join(home, '.local/state/homer/agent-sessions', `${kind}-${name}`);
}

/**
 * Takes the lock; null when somebody else has it. Throws as mkdir(2) does where HOME cannot be written, and
 * HOMER_LOCK_UNAVAILABLE.
 */
export function lockAgentSession(home: string, kind: string, id: string): Lock | null {
  const directory = agentSessionDirectory(home, kind, id);
  for (;;) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = acquireLock(directory);
    // The holder before us may have removed the directory: then ours is the lock of nothing.
    if (lock === null || lock.isCurrent()) return lock;
    lock.release();
  }
}

/** Gives the lock of a session back that nobody will ask for by its directory again. */
export function dropAgentSession(lock: Lock): void {
  if (lock.isCurrent()) rmSync(lock.directory, { recursive: true, force: true });
  lock.release();
}
