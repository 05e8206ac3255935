// A session is a conversation: its turns are jobs, one after the other, in one agent session and one directory.

/** What a session is doing; `queued` also when its next turn goes on by itself at a time, `waiting` for a person. */
export type SessionState = 'idle' | 'queued' | 'running' | 'waiting' | 'ended';

export const sessionStates: readonly SessionState[] = ['idle', 'queued', 'running', 'waiting', 'ended'];

export const sessionNameRule =
  'A name has lower case letters, digits, - and _, begins with a letter or digit, and has at most 64 characters';

/** Whether the text follows `sessionNameRule`. */
export function isSessionName(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(text);
}

/** `front`: the state of the turn at the front of its line, null when none is there. */
export function sessionState(isEnded: boolean, front: string | null): SessionState {
  if (isEnded) return 'ended';
  if (front === null) return 'idle';
  return front === 'running' || front === 'waiting' ? front : 'queued';
}

/** What becomes of a turn whose agent has lost its session: `ask` waits for a person, `restart` goes on from Homer's record. */
export type OnLost = 'ask' | 'restart';

/**
 * Whether a text may stand for an agent's own session: it becomes an argument, part of a command for a terminal and a row of
 * the ledger, so it is no option, holds nothing that cannot be seen, and has an end.
 */
export function isAgentSessionId(text: string): boolean {
  return /^[A-Za-z0-9_][\x21-\x7e]{0,255}$/.test(text);
}
