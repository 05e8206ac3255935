// Whether the run is to be stopped, and why; the first reason counts.

import type { StopReason } from './files.ts';

/** Why a run is stopped, with what a person is told and when it may go on, where that is known. */
export interface Stop {
  readonly reason: StopReason;
  readonly message?: string | undefined;
  /** Ms since the epoch. */
  readonly until?: number | undefined;
  /** There is no time for a ladder. */
  readonly urgent?: boolean | undefined;
}

export interface StopSwitch {
  request(reason: StopReason, about?: Omit<Stop, 'reason'>): void;
  reason(): StopReason | null;
  /** The message and time of the reason. */
  about(): Omit<Stop, 'reason'>;
  /** Resolves with the first request. */
  readonly asked: Promise<StopReason>;
}

export function createStopSwitch(): StopSwitch {
  const asked = Promise.withResolvers<StopReason>();
  let first: Stop | null = null;
  return {
    request(reason, about) {
      first ??= { reason, ...about };
      asked.resolve(reason);
    },
    reason: () => first?.reason ?? null,
    about: () => ({ message: first?.message, until: first?.until, urgent: first?.urgent }),
    asked: asked.promise,
  };
}

/** What a person is told of a run that was stopped, unless more is known. */
export const stopMessages: Readonly<Record<StopReason, string>> = {
  cancelled: 'The run was cancelled.',
  interrupted: 'The run was interrupted.',
  stalled: 'The agent wrote nothing for longer than it may and was ended.',
  timed_out: 'The run reached its time limit and was ended.',
  output_limit: 'The run wrote more than it may and was ended.',
  memory_limit: 'The run took more memory than it may and was ended.',
  budget: 'The run used more than it may and was ended.',
  session_busy: 'The session of the agent is in use elsewhere.',
  max_turns: 'The run took more turns than it may and was ended.',
};
