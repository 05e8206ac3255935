// The steps by which a run is ended, from polite to final, and how long each may take.

export type StopStep = 'cancel' | 'term' | 'kill';

/** Milliseconds. */
export interface StopTimes {
  /** For the agent's own protocol, when it has a word for it. */
  readonly cancelMs: number;
  readonly termMs: number;
  /** For what was killed to be seen gone. */
  readonly proofMs: number;
  /** For an agent to exit by itself after its stream said the end. */
  readonly lingerMs: number;
}

// Measured: agents answer a protocol cancel in 5–230 ms and TERM within 1.5 s.
export const stopTimes: StopTimes = { cancelMs: 2000, termMs: 3000, proofMs: 5000, lingerMs: 10_000 };

/** The step after `step`, null after the last; null begins. An agent without a word for cancel gets TERM at once. */
export function nextStopStep(step: StopStep | null, canCancel: boolean): StopStep | null {
  if (step === null) return canCancel ? 'cancel' : 'term';
  return step === 'cancel' ? 'term' : step === 'term' ? 'kill' : null;
}
