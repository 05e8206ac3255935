// Where the words of a chat go: each chat, topic, lane and agent is a session with a directory of its own.

import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Place } from './incoming.ts';

/** What a chat has chosen for its next messages. */
export interface Choices {
  readonly lane?: string;
  readonly agent?: string;
  readonly verbosity?: 0 | 1 | 2;
}

export function targetOf({ chat, topic }: Place): string {
  return topic === null ? `telegram:${chat}` : `telegram:${chat}:${topic}`;
}

export function sourceOf({ chat }: Place): string {
  return `telegram:${chat}`;
}

export function choicesOf(ledger: Ledger, place: Place): Choices {
  const { lane, agent, verbosity } = ledger.chats.choices(targetOf(place));
  return {
    ...(typeof lane === 'string' ? { lane } : {}),
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(verbosity === 0 || verbosity === 1 || verbosity === 2 ? { verbosity } : {}),
  };
}

/** A name for a session, which people may use on the command line as well. */
export function sessionOf({ chat, topic }: Place, { lane, agent }: Choices): string {
  const parts = ['telegram', chat.replace('-', 'g'), ...(topic === null ? [] : [`t${topic}`])];
  const name = [
    ...parts,
    ...(lane === undefined ? [] : [lane]),
    ...(agent === undefined ? [] : [agent]),
  ].join('-');
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) return name;
  return `${parts.join('-').slice(0, 47)}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** The directory of a session of chats; made if it is not there. Absolute. */
export function workspaceOf(home: string, session: string): string {
  const directory = join(home, 'workspaces', session);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}
