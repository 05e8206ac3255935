// What an agent is told before its prompt when a turn that was cut off goes on.

import type { Turn } from './executor.ts';

/**
 * The sentence for `Turn.preamble`. Agents differ in what they make of a tool call that was cut off (one drops it from
 * the history without a word), so Homer says it itself.
 */
export const resumePreamble =
  'You were interrupted in the middle of this task. Your last tool call may have run, wholly or in part, although ' +
  'you have not seen its result: check what is already done before you repeat anything that has an effect. ' +
  'The task was:';

/** The text the agent gets: the preamble, a blank line, the prompt. */
export function withPreamble(preamble: string | null, prompt: string): string {
  return preamble === null ? prompt : `${preamble}\n\n${prompt}`;
}

/**
 * The turn as it is spawned in this mode: unchanged in its own, otherwise what `respawnAs` asks for. Homer gives every
 * job its own session id, so an id that is already in use was used by an earlier start of the same turn, and the agent
 * has to be told.
 */
export function turnAs(turn: Turn, mode: 'new' | 'resume'): Turn {
  if (mode === turn.session.mode) return turn;
  const preamble = mode === 'resume' ? (turn.preamble ?? resumePreamble) : turn.preamble;
  return { ...turn, session: { ...turn.session, mode }, preamble };
}
