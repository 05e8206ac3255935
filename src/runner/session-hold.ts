// Keeps the agent sessions of a run from everybody else while its agent works in them.

import type { ExecutorKind } from '../core/agent.ts';
import { messageOf } from '../core/errors.ts';
import type { Turn } from '../executors/executor.ts';
import { dropAgentSession, lockAgentSession } from '../lifecycle/agent-session-lock.ts';
import type { Lock } from '../lifecycle/lock.ts';

/** What a person is told when somebody else works in the session. */
export function busyMessage(id: string): string {
  return `The session ${id} of the agent is in use elsewhere.`;
}

export interface SessionHold {
  /** Before the agent is started: the one somebody else has, or null when all that the turn names are ours. */
  takenBefore(session: Turn['session']): string | null;
  /** The agent named the session it is in; false: somebody else works there. */
  named(id: string): boolean;
  /** Once every process of the run is gone. */
  release(): void;
}

export interface SessionHoldOptions {
  /** HOME of the run. */
  readonly home: string | undefined;
  readonly kind: ExecutorKind;
  /** Later runs go on in it, or a person does. */
  readonly isShared: boolean;
  readonly log: (line: string) => void;
}

export function createSessionHold({ home, kind, isShared, log }: SessionHoldOptions): SessionHold {
  const held = new Map<string, Lock>();
  let source: string | null = null;

  /** False when somebody else has it. */
  const take = (id: string): boolean => {
    if (home === undefined || held.has(id)) return true;
    try {
      const lock = lockAgentSession(home, kind, id);
      if (lock !== null) held.set(id, lock);
      return lock !== null;
    } catch (error) {
      // Where HOME cannot be written, no agent keeps a session either; within Homer the turns stand in line anyway.
      log(`the session ${id} is not locked: ${messageOf(error)}`);
      return true;
    }
  };

  return {
    takenBefore({ id, forkOf }) {
      source = forkOf ?? null;
      return [id, source].find((each) => each !== null && !take(each)) ?? null;
    },
    named(id) {
      if (!take(id)) return false;
      // The copy is made.
      if (source !== null && source !== id) held.get(source)?.release();
      return true;
    },
    release() {
      // The session of a job that stands alone is its own: without this each would leave a directory behind.
      for (const [id, lock] of held)
        if (isShared || id === source) lock.release();
        else dropAgentSession(lock);
      held.clear();
    },
  };
}
