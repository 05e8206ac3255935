// What an agent is told before its prompt when a turn that was cut off goes on.

import { withTranscript } from '../core/transcript.ts';
import type { Turn } from './executor.ts';

/**
 * The sentence for `Turn.preamble`. Agents differ in what they make of a tool call that was cut off (one drops it from
 * the history without a word), so Homer says it itself.
 */
export const resumePreamble =
  'You were interrupted in the middle of this task. Your last tool call may have run, wholly or in part, although ' +
  'you have not seen its result: check what is already done before you repeat anything that has an effect. ' +
  'The task was:';

/** Said in place of it where the agent that was cut off cannot go on, so that a fresh one takes the task over. */
export const restartPreamble =
  'An earlier try at this task was cut off, and what was said in it is lost. Part of the work may have been done: ' +
  'check what is already done before you do anything that has an effect. The task was:';

/**
 * Whether the session to resume may never have come to be: no turn was completed in it, or, where nothing is known of that,
 * its only turn was cut off.
 */
export function mayBeEmpty({ session, preamble }: Turn): boolean {
  return session.established === undefined ? preamble !== null : !session.established;
}

/** The text the agent gets: the preamble, a blank line, the prompt. */
export function withPreamble(preamble: string | null, prompt: string): string {
  return preamble === null ? prompt : `${preamble}\n\n${prompt}`;
}

/**
 * The turn as it is spawned in this mode: unchanged in its own, otherwise what `respawnAs` asks for. Homer begins every
 * session with an id of its own, so an id that is already in use was used by an earlier start of the same turn, and
 * the agent has to be told; a session that turns out to be empty begins with what Homer has of it.
 */
export function turnAs(turn: Turn, mode: 'new' | 'resume'): Turn {
  if (mode === turn.session.mode) return turn;
  const session = { ...turn.session, mode };
  if (mode === 'resume') return { ...turn, session, preamble: turn.preamble ?? resumePreamble };
  const { record = null, ...rest } = turn;
  return { ...rest, session, prompt: withTranscript(record, turn.prompt) };
}
