// How an attempt ends whose agent never ran.

import type { EndEvent } from '../core/agent.ts';
import type { Verdict } from '../core/verdict.ts';
import type { AgentExit } from './agent-process.ts';
import type { Attempt } from './attempt.ts';
import { startFailure } from './hidden-program.ts';

/** The wrapper's own complaint when it could not run the program or make its sandbox, in its words. */
export function wrapperFailure(
  exit: AgentExit,
  firstComplaint: string | null,
  isSandboxed: boolean,
): Attempt | null {
  if (exit.code !== 1 || firstComplaint === null) return null;
  if (firstComplaint.startsWith('bwrap: execvp '))
    return notStarted('spawn_failed', startFailure(firstComplaint, isSandboxed));
  return isSandboxed && firstComplaint.startsWith('bwrap: ')
    ? notStarted('uncontained', `The sandbox cannot be made: ${firstComplaint}.`)
    : null;
}

export function notStarted(verdict: Verdict, message: string, until?: number): Attempt {
  const end: EndEvent = { type: 'end', verdict, message, until };
  return { end, respawnAs: null, exit: { code: null, signal: null }, proof: { tree: 'dead' } };
}
