// Whether the run is to be stopped, and why; the first reason counts.

import type { StopReason } from './files.ts';

export interface StopSwitch {
  request(reason: StopReason): void;
  reason(): StopReason | null;
  /** Resolves with the first request. */
  readonly asked: Promise<StopReason>;
}

export function createStopSwitch(): StopSwitch {
  const asked = Promise.withResolvers<StopReason>();
  let first: StopReason | null = null;
  return {
    request(reason) {
      first ??= reason;
      asked.resolve(reason);
    },
    reason: () => first,
    asked: asked.promise,
  };
}

/** What a person is told of a run that was stopped. */
export const stopMessages: Readonly<Record<StopReason, string>> = {
  cancelled: 'The run was cancelled.',
  interrupted: 'The run was interrupted.',
  stalled: 'The agent wrote nothing for longer than it may and was ended.',
  timed_out: 'The run reached its time limit and was ended.',
  output_limit: 'The run wrote more than it may and was ended.',
  memory_limit: 'The run took more memory than it may and was ended.',
};
